// gRPC's frames around messages: bytes of a stream → messages, and back.
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md (Length-Prefixed-Message)
import { gunzipSync, inflateSync } from 'node:zlib';
import { GrpcError, STATUS } from './grpc-status.ts';

/** An encoded message; in parts where others send the same parts too. */
export type MessageBytes = Uint8Array | readonly Uint8Array[];

const HEAD_BYTES = 5;
/** Up to this size a message and its head are one buffer. */
const COPIED_BYTES = 4096;

/** The frame of a message, in parts that are to be written in order. */
export function framed(message: MessageBytes): readonly Uint8Array[] {
  const parts = message instanceof Uint8Array ? [message] : message;
  const length = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head[0] = 0;
  head.writeUInt32BE(length, 1);
  return length <= COPIED_BYTES ? [Buffer.concat([head, ...parts])] : [head, ...parts];
}

/** Puts messages together from what comes in; those in an encoding that the caller named are unpacked. */
export class MessageReader {
  readonly #encoding: string;
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(encoding: string, maxBytes: number) {
    this.#encoding = encoding;
    this.#maxBytes = maxBytes;
  }

  /** The messages that are whole now. Throws GrpcError for one that is too long or can't be unpacked. */
  read(bytes: Buffer): readonly Buffer[] {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    const messages: Buffer[] = [];
    for (let message = this.#next(); message; message = this.#next()) messages.push(message);
    return messages;
  }

  #next(): Buffer | undefined {
    if (this.#length < HEAD_BYTES) return undefined;
    const head = this.#atLeast(HEAD_BYTES);
    const length = head.readUInt32BE(1);
    if (length > this.#maxBytes) throw tooLong(length, this.#maxBytes);
    const end = HEAD_BYTES + length;
    if (this.#length < end) return undefined;
    const whole = this.#atLeast(end);
    this.#length -= end;
    this.#parts[0] = whole.subarray(end);
    const body = whole.subarray(HEAD_BYTES, end);
    return head[0] === 0 ? body : this.#unpacked(body);
  }

  /** The first part, with as much of the others as is asked for. */
  #atLeast(length: number): Buffer {
    if (this.#parts[0]!.length < length) this.#parts = [Buffer.concat(this.#parts)];
    return this.#parts[0]!;
  }

  #unpacked(body: Buffer): Buffer {
    const unpack = { gzip: gunzipSync, deflate: inflateSync }[this.#encoding];
    if (!unpack) {
      throw new GrpcError(STATUS.UNIMPLEMENTED, `message encoding ${JSON.stringify(this.#encoding)} is not known`);
    }
    try {
      return unpack(body, { maxOutputLength: this.#maxBytes });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLong(body.length, this.#maxBytes);
      throw new GrpcError(STATUS.INTERNAL, 'a compressed message cannot be unpacked', { cause });
    }
  }
}

function tooLong(length: number, maxBytes: number): GrpcError {
  return new GrpcError(STATUS.RESOURCE_EXHAUSTED, `a message of ${length} bytes: more than ${maxBytes} are not taken`);
}
