/**
 * An error that a user or a caller can act on.
 *
 * `code` is stable and meant for programs; `message` says what was expected and what came.
 */
export class EvioError extends Error {
  override readonly name = 'EvioError';
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
