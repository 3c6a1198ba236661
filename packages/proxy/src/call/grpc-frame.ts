// gRPC messages → length-prefixed frames of a body, and the reverse. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
const PREFIX_BYTES = 5;

/** A message as it stands in a body, not compressed. */
export function grpcFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** Cuts a body that comes in pieces into messages. */
export class GrpcFrameReader {
  readonly #maxMessageBytes: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** The messages that are complete, each a copy; a text says what is wrong, and nothing more can be read. */
  push(chunk: Buffer): readonly Buffer[] | string {
    const messages: Buffer[] = [];
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (rest.length >= PREFIX_BYTES) {
      const length = rest.readUInt32BE(1);
      if (rest[0] !== 0) return 'the message is compressed';
      if (length > this.#maxMessageBytes) return `the message has ${length} bytes, of ${this.#maxMessageBytes} allowed`;
      if (rest.length < PREFIX_BYTES + length) break;
      messages.push(Buffer.from(rest.subarray(PREFIX_BYTES, PREFIX_BYTES + length)));
      rest = rest.subarray(PREFIX_BYTES + length);
    }
    this.#rest = Buffer.from(rest);
    return messages;
  }

  /** Every message that began is complete. */
  get atBoundary(): boolean {
    return this.#rest.length === 0;
  }
}
