// Packets → UDP. What is lost on the way, or finds nobody there, is lost, as StatsD's protocol means it.
import { createSocket, type Socket } from 'node:dgram';

import type { SocketAddress } from '@meltemi/base';

export class PacketSender {
  readonly #address: SocketAddress;
  readonly #socket: Socket;
  #sending = 0;
  #closing = false;

  constructor(address: SocketAddress) {
    this.#address = address;
    this.#socket = createSocket(address.host.includes(':') ? 'udp6' : 'udp4').unref();
    this.#socket.on('error', () => undefined);
  }

  send(packet: string): void {
    this.#sending++;
    this.#socket.send(packet, this.#address.port, this.#address.host, () => {
      this.#sending--;
      this.#closeWhenSent();
    });
  }

  /** After what was handed to it. */
  close(): void {
    this.#closing = true;
    this.#closeWhenSent();
  }

  #closeWhenSent(): void {
    if (this.#closing && this.#sending === 0) this.#socket.close();
  }
}
