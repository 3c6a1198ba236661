// The connections that a TLS context secured and that are open: those of a peer that is refused from now on are closed.
import type { PeerRegister, Transport } from '@meltemi/wire';

export class OpenPeers implements PeerRegister {
  readonly #open = new Set<Transport>();
  #whenEmpty: (() => void) | undefined;

  opened(transport: Transport): void {
    this.#open.add(transport);
  }

  closed(transport: Transport): void {
    this.#open.delete(transport);
    if (this.#open.size === 0) this.#whenEmpty?.();
  }

  /** Calls when no connection is left, now or later. */
  onceEmpty(callback: () => void): void {
    if (this.#open.size === 0) callback();
    else this.#whenEmpty = callback;
  }

  /** `refuses`: by the DER of the peer's certificate. */
  close(refuses: (der: Buffer) => boolean): void {
    for (const transport of this.#open) {
      const der = transport.tls?.peerCertificate;
      if (der && refuses(der)) transport.destroy();
    }
  }
}
