/** What one check of `evio doctor` found; a problem has its mend. */
export type CheckResult = Check &
  (
    | {
        /** `unknown`: could not be found out. */
        readonly state: 'fine' | 'unknown';
        readonly mend?: string;
      }
    | {
        /** `uneasy`: works, but worth a look. */
        readonly state: 'uneasy' | 'broken';
        /** What to do about it. */
        readonly mend: string;
      }
  );

/** What is looked at. */
export interface Check {
  /** Stable name, for programs: `tun`, `xmpp edge`. */
  readonly id: string;
  /** For people. */
  readonly title: string;
  /** What was found, in a few words. */
  readonly finding: string;
}
