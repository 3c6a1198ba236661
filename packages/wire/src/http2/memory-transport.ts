// A transport without a socket, for tests that look at every byte: what is written is kept.
import { highWaterMark, type Transport, type TransportHandler } from '../io/transport.ts';

export class MemoryTransport implements Transport {
  handler: TransportHandler = { onData: ignore, onEnd: ignore, onDrain: ignore, onClose: ignore };
  readonly remoteAddress = { host: 'memory', port: 0 };
  readonly localAddress = { host: 'memory', port: 0 };
  readonly directRemoteAddress = { host: 'memory', port: 0 };
  readonly localAddressRestored = false;
  requestedServerName: string | undefined;
  state: Map<string, unknown> | undefined;
  readonly tls = undefined;
  readonly written: Buffer[] = [];
  /** Nobody reads: what is written stays queued. */
  stuck = false;
  bytesQueued = 0;
  queueLimit = highWaterMark;
  open = true;
  /** `end` was called. */
  ended = false;

  present(): void {}

  write(data: Buffer | string): boolean {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.from(data);
    this.written.push(bytes);
    if (this.stuck) this.bytesQueued += bytes.length;
    return this.bytesQueued <= this.queueLimit;
  }

  /** Everything that was queued is read. */
  drain(): void {
    this.stuck = false;
    this.bytesQueued = 0;
    this.handler.onDrain();
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    if (!this.open) return;
    this.open = false;
    this.handler.onClose();
  }

  reset(): void {
    this.destroy();
  }

  cork(): void {
    // Every write is kept as it is.
  }

  uncork(): void {
    // Every write is kept as it is.
  }

  pauseReading(): void {
    // The test decides what comes.
  }

  resumeReading(): void {
    // The test decides what comes.
  }
}

function ignore(): void {
  // Until a connection takes it over.
}
