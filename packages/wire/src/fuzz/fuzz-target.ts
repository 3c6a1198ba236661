// What fuzzing tests: a check that any bytes must pass, and the inputs that it starts from.

/** `check` throws an AssertionError for bytes on which ours is wrong. */
export interface FuzzTarget {
  /** Of its corpus file, too. */
  readonly name: string;
  /** Put into inputs, beside bytes of any value. */
  readonly words: readonly string[];
  check(bytes: Buffer): void | Promise<void>;
}
