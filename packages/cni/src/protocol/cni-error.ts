import { EvioError } from '@evio/types';

/** Error codes of the CNI specification 1.1.0, section 5 "Error"; from 100 on they are ours. */
export const CNI_CODES = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  unknownContainer: 3,
  invalidEnvironment: 4,
  ioFailure: 5,
  decodingFailure: 6,
  invalidNetworkConfig: 7,
  tryAgainLater: 11,
  notAvailable: 50,
  /** The kernel did not do what was asked for. */
  networkFailure: 100,
  /** CHECK found something else than ADD had made. */
  attachmentChanged: 101,
  /** A delegated plugin failed without saying why. */
  delegateFailure: 102,
} as const;

/** An error that goes to the runtime as it is. */
export class CniError extends EvioError {
  readonly cniCode: number;
  readonly details: string;

  constructor(
    reason: keyof typeof CNI_CODES | number,
    message: string,
    options: { readonly details?: string; readonly cause?: unknown } = {},
  ) {
    super('CNI_FAILED', message, { cause: options.cause });
    this.cniCode = typeof reason === 'number' ? reason : CNI_CODES[reason];
    this.details = options.details ?? '';
  }
}

/** The error object that a plugin prints (CNI 1.1.0, section 5). */
export function errorOutput(cniVersion: string, error: CniError): string {
  const { cniCode, message, details } = error;
  return `${JSON.stringify({ cniVersion, code: cniCode, msg: message, details })}\n`;
}
