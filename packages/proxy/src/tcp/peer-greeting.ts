// The client's side of Istio's metadata exchange on TCP: says who we are at the head of what goes to an upstream, and takes its answer off.
import type { UpstreamTcp } from '../cluster/cluster.ts';
import type { Workload } from '../istio/workload.ts';
import { peekPeer } from '../listener/network/peer-exchange-message.ts';
import { PeekBuffer } from '../listener/peek-buffer.ts';

export class PeerGreeting {
  readonly #peek = new PeekBuffer();
  readonly #onPeer: (peer: Workload) => void;
  /** The upstream said who it is, or says nothing. */
  over = false;

  /** `own`: the message that says who we are; sent at once. */
  constructor(upstream: UpstreamTcp, own: Buffer, onPeer: (peer: Workload) => void) {
    this.#onPeer = onPeer;
    upstream.write(own);
  }

  /** What of the upstream's bytes is for the client; undefined: nothing yet. */
  received(bytes: Buffer): Buffer | undefined {
    if (this.over) return bytes;
    this.#peek.append(bytes);
    const peek = peekPeer(this.#peek.bytes);
    if (peek.kind === 'need-more') return undefined;
    this.over = true;
    if (peek.kind === 'peer') {
      this.#peek.take(peek.size);
      if (peek.workload) this.#onPeer(peek.workload);
    }
    return this.#peek.release();
  }

  /** The upstream sends no more: what looked like the head of an answer was none. */
  ended(): Buffer | undefined {
    this.over = true;
    return this.#peek.release();
  }
}
