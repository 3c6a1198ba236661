// A connection about which nothing is decided yet: it is not read, and what was read before is kept.
import type { Transport, TransportHandler } from '@meltemi/wire';
import { PeekBuffer } from '../peek-buffer.ts';

export class HeldConnection implements TransportHandler {
  /** What waits for the connection is not needed any more. */
  onGone: () => void = () => undefined;
  readonly #transport: Transport;
  readonly #onClosed: () => void;
  readonly #peek = new PeekBuffer();
  #over = false;

  constructor(transport: Transport, onClosed: () => void) {
    this.#transport = transport;
    this.#onClosed = onClosed;
    transport.handler = this;
    transport.pauseReading();
  }

  /** It goes on: what was read, if anything. */
  release(): Buffer | undefined {
    this.#over = true;
    this.#transport.resumeReading();
    return this.#peek.release();
  }

  destroy(): void {
    this.#transport.destroy();
    this.onClose();
  }

  onData(bytes: Buffer): void {
    this.#peek.append(bytes);
  }

  onEnd(): void {
    this.destroy();
  }

  onDrain(): void {}

  onClose(): void {
    if (this.#over) return;
    this.#over = true;
    this.onGone();
    this.#onClosed();
  }
}
