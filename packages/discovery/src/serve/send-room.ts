// Bounds what is on its way to all receivers together: who finds no room waits, and is sent later what is due then.
import type { Clock } from '@meltemi/base';

/** More than this is not kept for receivers that have not taken it yet. */
const MAX_BYTES = 32 * 1024 * 1024;
/** A receiver that takes longer is slow by itself: others don't wait for it. */
const SLOW_MS = 5000;

export class SendRoom {
  readonly #clock: Clock;
  #taken = 0;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isFree(): boolean {
    return this.#taken < MAX_BYTES;
  }

  /** Calls once when there is room. Answers with what calls that off. */
  wait(go: () => void): () => void {
    this.#waiting.add(go);
    return () => void this.#waiting.delete(go);
  }

  /** Answers with what gives the bytes back, once they are written or nobody wants them any more. */
  take(bytes: number): () => void {
    this.#taken += bytes;
    let given = false;
    const give = () => {
      if (given) return;
      given = true;
      slow.cancel();
      this.#taken -= bytes;
      this.#callNext();
    };
    const slow = this.#clock.after(SLOW_MS, give);
    return give;
  }

  #callNext(): void {
    for (const go of this.#waiting) {
      if (!this.isFree) return;
      this.#waiting.delete(go);
      go();
    }
  }
}
