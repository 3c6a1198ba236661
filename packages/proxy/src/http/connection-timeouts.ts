// The times that a client has: one deadline that moves while its connection goes from phase to phase.
import type { Clock } from '@meltemi/base';
import type { OverloadState } from '../overload/overload-state.ts';
import { Deadline } from './deadline.ts';
import type { HttpSettings } from './http-settings.ts';

/** Every `now` is the clock's monotonic milliseconds. */
export class ConnectionTimeouts {
  readonly #timeouts: HttpSettings['timeouts'];
  readonly #deadline: Deadline;
  readonly #overload: OverloadState | undefined;
  /** When the whole request must be here; 0: no such limit now. */
  #requestDue = 0;

  constructor(clock: Clock, timeouts: HttpSettings['timeouts'], onPassed: () => void, overload?: OverloadState) {
    this.#timeouts = timeouts;
    this.#overload = overload;
    this.#deadline = new Deadline(clock, onPassed);
  }

  /** Until the next request begins. */
  idle(now: number): void {
    const { connectionIdleMs } = this.#timeouts;
    this.#wait(now, this.#overload?.idleMs(connectionIdleMs) ?? connectionIdleMs);
  }

  /** Until the head that began is whole. */
  head(now: number): void {
    this.#wait(now, this.#timeouts.requestHeadersMs || this.#timeouts.streamIdleMs);
  }

  requestBegan(now: number): void {
    const { requestMs } = this.#timeouts;
    this.#requestDue = requestMs > 0 ? now + requestMs : 0;
  }

  requestEnded(): void {
    this.#requestDue = 0;
  }

  /** Until something moves on the stream. */
  stream(now: number, idleMs: number): void {
    this.#wait(now, idleMs);
  }

  /** Until the client closes, too. */
  closing(now: number): void {
    this.#wait(now, Math.max(1, this.#timeouts.delayedCloseMs));
  }

  /** The deadline that passed is the whole request's. */
  requestOverdue(now: number): boolean {
    return this.#requestDue > 0 && now + 0.5 >= this.#requestDue;
  }

  close(): void {
    this.#deadline.close();
  }

  #wait(now: number, ms: number): void {
    const due = ms > 0 ? now + ms : Number.POSITIVE_INFINITY;
    const earliest = this.#requestDue > 0 && this.#requestDue < due ? this.#requestDue : due;
    if (earliest < Number.POSITIVE_INFINITY) this.#deadline.set(earliest);
    else this.#deadline.clear();
  }
}
