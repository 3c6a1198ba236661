// The graceful end of a connection: announce it, wait for what is under way, say which stream was the last (RFC 9113 §6.8).
import type { Clock, Timer } from '@meltemi/base';
import { MAX_STREAM_ID } from './frame.ts';
import type { FrameOutput } from './frame-output.ts';
import type { StreamTable } from './stream-table.ts';

/** Whose end it is. */
export interface DrainOwner {
  readonly streams: StreamTable;
  /** Every stream has ended, and none begins. */
  onDrained(): void;
}

const probe = Buffer.from('draining');

export class Drain {
  readonly #owner: DrainOwner;
  readonly #output: FrameOutput;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #phase: 'none' | 'announced' | 'last stream named' = 'none';

  constructor(owner: DrainOwner, output: FrameOutput, clock: Clock) {
    this.#owner = owner;
    this.#output = output;
    this.#clock = clock;
  }

  get begun(): boolean {
    return this.#phase !== 'none';
  }

  /** The peer may begin streams. */
  get admits(): boolean {
    return this.#phase !== 'last stream named';
  }

  /** A server does so first: requests may be under way. It waits for their sign, but at most `waitMs`. */
  announce(waitMs: number): void {
    if (this.begun) return;
    this.#phase = 'announced';
    this.#output.goAway(MAX_STREAM_ID, 'NO_ERROR');
    this.#output.ping(probe, false);
    this.#timer = this.#clock.after(waitMs, () => this.nameLast());
  }

  /** True where the answer to a PING is the announcement's. */
  onPong(payload: Buffer): boolean {
    if (!payload.equals(probe)) return false;
    if (this.#phase === 'announced') this.nameLast();
    return true;
  }

  nameLast(): void {
    if (!this.admits) return;
    this.#phase = 'last stream named';
    this.cancel();
    this.#output.goAway(this.#owner.streams.lastPeerId, 'NO_ERROR');
    this.check();
  }

  /** A stream has ended. */
  check(): void {
    if (!this.admits && this.#owner.streams.size === 0) this.#owner.onDrained();
  }

  cancel(): void {
    this.#timer?.cancel();
  }
}
