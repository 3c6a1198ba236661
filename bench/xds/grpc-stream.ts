// One gRPC stream on an HTTP/2 connection of its own, with no more than that needs: messages out, messages in.
// RFC 9113 (frames, windows), RFC 7541 (literal fields), gRPC over HTTP/2 (5 bytes before each message).
import { connect, type Socket } from 'node:net';

export interface GrpcStreamOptions {
  readonly host: string;
  readonly port: number;
  /** `/package.Service/Method` */
  readonly path: string;
  /** The message is only lent. */
  readonly message: (message: Buffer) => void;
  readonly failed: (reason: string) => void;
}

const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const ACK = 1;
const END_STREAM = 1;
const MAX_FRAME = 16_384;
/** As Istio's bootstrap sets for the connection to the control plane. */
const RECEIVE_WINDOW = 1_048_576;
const DEFAULT_WINDOW = 65_535;
const INITIAL_WINDOW_SETTING = 4;

export class GrpcStream {
  readonly #options: GrpcStreamOptions;
  readonly #socket: Socket;
  #input: Buffer[] = [];
  #inputLength = 0;
  #message: Buffer | undefined;
  #messageFilled = 0;
  #prefix: Buffer[] = [];
  #unreturned = 0;
  #peerWindow = DEFAULT_WINDOW;
  #peerInitial = DEFAULT_WINDOW;
  #connectionWindow = DEFAULT_WINDOW;
  #output: Buffer[] = [];
  #closed = false;

  constructor(options: GrpcStreamOptions) {
    this.#options = options;
    this.#socket = connect({ host: options.host, port: options.port, noDelay: true });
    this.#socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#socket.on('error', (error) => this.#fail(error.message));
    this.#socket.on('close', () => this.#fail('the connection was closed'));
    this.#open(options.path);
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  send(message: Uint8Array): void {
    const framed = Buffer.allocUnsafe(5 + message.length);
    framed[0] = 0;
    framed.writeUInt32BE(message.length, 1);
    framed.set(message, 5);
    this.#output.push(framed);
    this.#flush();
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #open(path: string): void {
    const settings = Buffer.alloc(6);
    settings.writeUInt16BE(INITIAL_WINDOW_SETTING, 0);
    settings.writeUInt32BE(RECEIVE_WINDOW, 2);
    this.#socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    this.#socket.write(frame(SETTINGS, 0, 0, settings));
    this.#socket.write(frame(WINDOW_UPDATE, 0, 0, uint32(RECEIVE_WINDOW - DEFAULT_WINDOW)));
    this.#socket.write(frame(HEADERS, 4, 1, requestHead(path)));
  }

  #receive(bytes: Buffer): void {
    this.#input.push(bytes);
    this.#inputLength += bytes.length;
    while (this.#inputLength >= 9) {
      const head = this.#peek();
      const length = head.readUIntBE(0, 3);
      if (this.#inputLength < 9 + length) return;
      const whole = this.#take(9 + length);
      if (whole[3] === WINDOW_UPDATE) this.#credit(whole);
      else this.#frame(whole[3]!, whole[4]!, whole.subarray(9));
    }
  }

  #peek(): Buffer {
    while (this.#input[0]!.length < 9) this.#input.splice(0, 2, Buffer.concat(this.#input.slice(0, 2)));
    return this.#input[0]!;
  }

  #take(length: number): Buffer {
    this.#inputLength -= length;
    const first = this.#input[0]!;
    if (first.length > length) {
      this.#input[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    if (first.length === length) return this.#input.shift()!;
    const all = Buffer.concat(this.#input);
    this.#input = all.length > length ? [all.subarray(length)] : [];
    return all.subarray(0, length);
  }

  #frame(type: number, flags: number, payload: Buffer): void {
    if (type === DATA) this.#data(payload);
    else if (type === SETTINGS && (flags & ACK) === 0) this.#settings(payload);
    else if (type === PING && (flags & ACK) === 0) this.#socket.write(frame(PING, ACK, 0, payload));
    else if (type === RST_STREAM || type === GOAWAY) this.#fail(`frame ${type}: ${payload.toString('latin1')}`);
    else if (type === HEADERS && (flags & END_STREAM) !== 0) this.#fail(`ended: ${payload.toString('latin1')}`);
    if ((type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0) this.#fail('ended');
  }

  #credit(whole: Buffer): void {
    const credit = whole.readUInt32BE(9);
    if (whole.readUInt32BE(5) === 0) this.#connectionWindow += credit;
    else this.#peerWindow += credit;
    this.#flush();
  }

  #settings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) !== INITIAL_WINDOW_SETTING) continue;
      const initial = payload.readUInt32BE(at + 2);
      this.#peerWindow += initial - this.#peerInitial;
      this.#peerInitial = initial;
    }
    this.#socket.write(frame(SETTINGS, ACK, 0, Buffer.alloc(0)));
    this.#flush();
  }

  #data(payload: Buffer): void {
    this.#unreturned += payload.length;
    if (this.#unreturned >= RECEIVE_WINDOW / 4) {
      const credit = uint32(this.#unreturned);
      this.#socket.write(Buffer.concat([frame(WINDOW_UPDATE, 0, 0, credit), frame(WINDOW_UPDATE, 0, 1, credit)]));
      this.#unreturned = 0;
    }
    for (let rest = payload; rest.length > 0;) rest = this.#message ? this.#fill(rest) : this.#begin(rest);
  }

  #begin(bytes: Buffer): Buffer {
    const have = this.#prefix.reduce((sum, { length }) => sum + length, 0);
    this.#prefix.push(bytes.subarray(0, 5 - have));
    if (have + bytes.length < 5) return bytes.subarray(bytes.length);
    this.#message = Buffer.allocUnsafe(Buffer.concat(this.#prefix).readUInt32BE(1));
    this.#messageFilled = 0;
    this.#prefix = [];
    return this.#fill(bytes.subarray(5 - have));
  }

  #fill(bytes: Buffer): Buffer {
    const message = this.#message!;
    const part = bytes.subarray(0, message.length - this.#messageFilled);
    message.set(part, this.#messageFilled);
    this.#messageFilled += part.length;
    if (this.#messageFilled === message.length) {
      this.#message = undefined;
      this.#options.message(message);
    }
    return bytes.subarray(part.length);
  }

  /** Within the windows that the server has opened. */
  #flush(): void {
    while (this.#output.length > 0) {
      const first = this.#output[0]!;
      const length = Math.min(first.length, MAX_FRAME, this.#peerWindow, this.#connectionWindow);
      if (length <= 0) return;
      this.#socket.write(frame(DATA, 0, 1, first.subarray(0, length)));
      this.#peerWindow -= length;
      this.#connectionWindow -= length;
      if (length === first.length) this.#output.shift();
      else this.#output[0] = first.subarray(length);
    }
  }

  #fail(reason: string): void {
    if (this.#closed) return;
    this.close();
    this.#options.failed(reason);
  }
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(9 + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, 9);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}

/** `:method POST`, `:scheme http`, then literals that nobody need remember. */
function requestHead(path: string): Buffer {
  const word = (text: string) => [Buffer.from([text.length]), Buffer.from(text, 'latin1')];
  return Buffer.concat([
    Buffer.from([0x83, 0x86, 0x04]),
    ...word(path),
    Buffer.from([0x01]),
    ...word('control-plane'),
    Buffer.from([0x00]),
    ...word('content-type'),
    ...word('application/grpc'),
    Buffer.from([0x00]),
    ...word('te'),
    ...word('trailers'),
  ]);
}
