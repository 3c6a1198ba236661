// An HTTP/2 client that sends any frames, right or wrong, and tells how the server ends its streams and the connection.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { ack: 1, endStream: 1, endHeaders: 4 } as const;

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export function frame(type: number, flags: number, streamId: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** Fields as literals that nobody indexes (RFC 7541 §6.2.2); names and values of any bytes. */
export function fieldBlock(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)]));
}

/** `fields` follow the pseudo-header fields of a GET. */
export function getBlock(path = '/', fields: readonly (readonly [string, string])[] = []): Buffer {
  const pseudo = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':authority', 'a.test'],
    [':path', path],
  ] as const;
  return fieldBlock([...pseudo, ...fields]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Seven bits of length without Huffman; 127 and up go on in groups of seven bits (RFC 7541 §5.1). */
function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

export class RawHttp2 {
  readonly #socket: Socket;
  #pending = Buffer.alloc(0);
  /** The code of the server's GOAWAY. */
  goAway: number | undefined;
  /** Codes by stream. */
  readonly resets = new Map<number, number>();
  /** Bytes of bodies that came. */
  received = 0;
  /** Bytes that were written. */
  sent = 0;
  closed = false;
  #wake: () => void = () => undefined;

  constructor(port: number, settings: Buffer = Buffer.alloc(0)) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#socket.once('close', () => {
      this.closed = true;
      this.#wake();
    });
    void this.write(Buffer.concat([Buffer.from(PREFACE, 'latin1'), frame(FRAME.settings, 0, 0, settings)]));
  }

  /** Takes nothing more from the socket. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** Resolves when the socket takes more. */
  async write(bytes: Buffer): Promise<void> {
    if (this.closed) return;
    this.sent += bytes.length;
    if (this.#socket.write(bytes)) return;
    const done = new AbortController();
    const ends = [
      once(this.#socket, 'drain', { signal: done.signal }),
      once(this.#socket, 'close', { signal: done.signal }),
    ];
    await Promise.race(ends).catch(() => undefined);
    done.abort();
    for (const end of ends) end.catch(() => undefined);
  }

  /** Resolves when the condition holds, which is asked whenever something came; rejects after `ms`. */
  async until(condition: () => boolean, ms = 5000): Promise<void> {
    const deadline = AbortSignal.timeout(ms);
    while (!condition()) {
      if (this.closed) throw new Error(`closed: GOAWAY ${this.goAway}`);
      await this.#next(deadline);
    }
  }

  async whenClosed(ms = 5000): Promise<void> {
    const deadline = AbortSignal.timeout(ms);
    while (!this.closed) await this.#next(deadline);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #next(deadline: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const late = () => reject(new Error('nothing came in time'));
    deadline.addEventListener('abort', late, { once: true });
    await promise.finally(() => deadline.removeEventListener('abort', late));
  }

  readonly #heads = new Set<number>();

  /** Streams whose response head came. */
  get answered(): ReadonlySet<number> {
    return this.#heads;
  }

  #read(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    for (;;) {
      if (this.#pending.length < 9) break;
      const length = this.#pending.readUIntBE(0, 3);
      if (this.#pending.length < 9 + length) break;
      this.#note(this.#pending[3]!, this.#pending.readUInt32BE(5), this.#pending.subarray(9, 9 + length));
      this.#pending = this.#pending.subarray(9 + length);
    }
    this.#wake();
  }

  #note(type: number, streamId: number, payload: Buffer): void {
    if (type === FRAME.headers) this.#heads.add(streamId);
    else if (type === FRAME.data) this.received += payload.length;
    else if (type === FRAME.reset) this.resets.set(streamId, payload.readUInt32BE(0));
    else if (type === FRAME.goAway) this.goAway = payload.readUInt32BE(4);
  }
}
