// Says why a tap can't be honoured.

export class TapConfigError extends Error {
  override readonly name = 'TapConfigError';
  readonly code: 'BAD_MATCH' | 'BAD_OUTPUT' | 'UNSUPPORTED_FIELD';

  constructor(code: TapConfigError['code'], message: string) {
    super(`tap: ${message}`);
    this.code = code;
  }
}
