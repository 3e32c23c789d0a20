/** What one check of `evio doctor` found. */
export interface CheckResult {
  /** Stable name, for programs: `tun`, `xmpp edge`. */
  readonly id: string;
  /** What was looked at. */
  readonly title: string;
  /** `uneasy`: works, but worth a look; `unknown`: could not be found out. */
  readonly state: 'fine' | 'uneasy' | 'broken' | 'unknown';
  /** What was found, in a few words. */
  readonly finding: string;
  /** What to do about it. */
  readonly mend?: string;
}
