// Where a client keeps which upstream host serves its session.
import type { HeaderView } from '@meltemi/decide';
import type { Headers } from '@meltemi/wire';

/** `now`: milliseconds since the epoch. */
export interface SessionState {
  /** Requests to other paths have no session. */
  concerns(path: string): boolean;
  /** `ip:port` of the host; undefined: there is no session yet, or none that can be read. */
  read(request: HeaderView, now: number): string | undefined;
  write(address: string, response: Headers, now: number): void;
}
