// Turns a time that moves with every request into few timers: moving it later costs a number, the timer checks when it fires.
import type { Clock, Timer } from '@meltemi/base';

/** One deadline of a connection or stream. Times are the clock's monotonic milliseconds. */
export class Deadline {
  readonly #clock: Clock;
  readonly #onPassed: () => void;
  readonly #fire: () => void;
  #due = 0;
  #armedFor = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, onPassed: () => void) {
    this.#clock = clock;
    this.#onPassed = onPassed;
    this.#fire = () => this.#check();
  }

  /** Sets or moves the deadline; a new timer starts only when none waits or the waiting one would be late. */
  set(due: number): void {
    this.#due = due;
    if (this.#timer && this.#armedFor <= due) return;
    this.#timer?.cancel();
    this.#arm();
  }

  /** Nothing will be called until it is set again. A timer that waits stays, and finds nothing to do. */
  clear(): void {
    this.#due = 0;
  }

  /** Clears and drops the timer too: at the end of the owner's life. */
  close(): void {
    this.#due = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#armedFor = this.#due;
    this.#timer = this.#clock.after(Math.max(0, this.#due - this.#clock.monotonic()), this.#fire);
  }

  #check(): void {
    this.#timer = undefined;
    if (this.#due === 0) return;
    // The system's timers may fire a fraction of a millisecond early.
    if (this.#clock.monotonic() + 0.5 < this.#due) return this.#arm();
    this.#due = 0;
    this.#onPassed();
  }
}
