// Ends mixc with a message.
export class MixcError extends Error {
  readonly code = 'MIXC';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MixcError';
  }
}
