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
  /** Gone, and whether we have reset it; oldest first. */
  readonly #gone = new Map<number, boolean>();

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
    this.#gone.set(id, resetByUs);
    if (this.#gone.size <= maxRemembered) return;
    for (const oldest of this.#gone.keys()) {
      this.#gone.delete(oldest);
      break;
    }
  }

  /** Of a stream that is not open. */
  fate(id: number): Fate {
    if (id > ((id & 1) === this.#peerParity ? this.lastPeerId : this.lastOwnId)) return 'idle';
    const resetByUs = this.#gone.get(id);
    if (resetByUs === undefined) return 'skipped';
    return resetByUs ? 'reset by us' : 'ended';
  }

  /** A copy: streams may close while it is walked. */
  all(): Stream[] {
    return [...this.#open.values()];
  }
}
