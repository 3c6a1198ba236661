// The streams of a connection by their number, and what became of the latest that are gone.
import { MAX_STREAM_ID } from './frame.ts';
import type { Stream } from './stream.ts';

/** Frames of a stream that we have reset may still be under way; a stream that ended must not send more. */
export type Fate = 'idle' | 'reset by us' | 'ended' | 'skipped';

const maxRemembered = 256;

export class StreamTable {
  /** The highest number of the peer's streams; streams above it are idle. */
  lastPeerId = 0;
  /** The highest number of ours. */
  lastOwnId = 0;
  readonly #peerParity: number;
  readonly #open = new Map<number, Stream>();
  /** A ring of those that are gone: the number, negative where we have reset it. */
  readonly #gone: number[] = [];
  /** Where the next goes. */
  #next = 0;

  /** `peerParity` is 1 where the peer is a client: its streams have odd numbers. */
  constructor(peerParity: number) {
    this.#peerParity = peerParity;
  }

  /** No number is left for a stream of ours. */
  get exhausted(): boolean {
    return this.lastOwnId > MAX_STREAM_ID - 2;
  }

  /** Streams of either side that began. */
  get begun(): number {
    return Math.ceil(this.lastPeerId / 2) + Math.ceil(this.lastOwnId / 2);
  }

  /** The number of a client's next stream. */
  takeOwnId(): number {
    this.lastOwnId += this.lastOwnId === 0 ? 1 : 2;
    return this.lastOwnId;
  }

  get size(): number {
    return this.#open.size;
  }

  get(id: number): Stream | undefined {
    return this.#open.get(id);
  }

  add(stream: Stream): void {
    this.#open.set(stream.id, stream);
  }

  remove(id: number, resetByUs: boolean): void {
    this.#open.delete(id);
    this.remember(id, resetByUs);
  }

  remember(id: number, resetByUs: boolean): void {
    this.#gone[this.#next] = resetByUs ? -id : id;
    this.#next = (this.#next + 1) % maxRemembered;
  }

  /** Of a stream that is not open. */
  fate(id: number): Fate {
    if (id > ((id & 1) === this.#peerParity ? this.lastPeerId : this.lastOwnId)) return 'idle';
    // Who reset a stream that had ended must let pass what still comes.
    if (this.#gone.includes(-id)) return 'reset by us';
    return this.#gone.includes(id) ? 'ended' : 'skipped';
  }

  /** A copy: streams may close while it is walked. */
  all(): Stream[] {
    return [...this.#open.values()];
  }
}
