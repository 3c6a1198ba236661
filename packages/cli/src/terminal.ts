// What a command needs of the world around it, as values.
import type { Clock } from '@meltemi/base';

export interface Terminal {
  out(text: string): void;
  error(text: string): void;
  /** All of standard input. */
  readStdin(): Promise<string>;
  readonly clock: Clock;
  /** Where the configuration is when no flag says so. */
  readonly configDir: string;
  readonly version: string;
  /** Whether it shows colours. */
  readonly colours?: boolean;
}

/** Exit codes as istioctl's. */
export const EXIT = { ok: 0, failed: 1, usage: 64, unreadable: 65, issuesFound: 79 } as const;

/** Ends a command with a message of one or more lines. */
export class CommandError extends Error {
  readonly code: number;

  constructor(message: string, code: number = EXIT.failed, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandError';
    this.code = code;
  }
}
