// A function's refusal of its arguments, in Mixer's words.
export class ExternError extends Error {
  readonly code = 'BAD_ARGUMENT';

  constructor(message: string) {
    super(message);
    this.name = 'ExternError';
  }
}
