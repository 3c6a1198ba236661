// A Node socket → a Transport: the socket keeps the connection's life, its handle carries the bytes.
import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { SocketAddress } from '@meltemi/base';
import {
  handleOf,
  type HandleReader,
  handReads,
  isReadView,
  shutDown,
  type StreamHandle,
  takeReads,
  type WriteRequest,
  writeTo,
} from './stream-handle.ts';
import { freeTls, type TlsHandle } from './tls-handle.ts';
import type { PeerRegister } from './tls-options.ts';
import { giveScratch, minScratch, takeScratch } from './scratch-buffers.ts';
import { highWaterMark, type PresentedEnds, type TlsInfo, type Transport, type TransportHandler } from './transport.ts';
import { TransportError } from './transport-error.ts';
import { WriteQueue } from './write-queue.ts';

/** Buffers up to this size are joined with the text before them into one write. */
const maxJoined = 16 * 1024;

/** Who reads while a server's handshake goes on. */
export interface HandshakeReader extends HandleReader {
  /** The connection closed. */
  onClosed(): void;
}

export class SocketTransport implements Transport {
  handler: TransportHandler;
  tls: TlsInfo | undefined;
  localAddressRestored = false;
  requestedServerName: string | undefined;
  state: Map<string, unknown> | undefined;
  queueLimit = highWaterMark;
  /** The socket that carries the bytes: the TLS socket once TLS began. */
  #socket: Socket;
  /** The socket that owns the connection. */
  readonly #plainSocket: Socket;
  /** Undefined: not connected, or a handshake is going on. */
  #handle: StreamHandle | undefined;
  /** A server's TLS, from the handshake on. */
  #tlsHandle: TlsHandle | undefined;
  /** Of a server, until the handshake is over. */
  #handshake: HandshakeReader | undefined;
  #remoteAddress: SocketAddress = nowhere;
  #localAddress: SocketAddress = nowhere;
  #presentedRemote: SocketAddress | undefined;
  #queue = new WriteQueue();
  #sending: WriteRequest | undefined;
  #sendingBytes = 0;
  #corks = 0;
  #corked = '';
  #reading = true;
  #readEnded = false;
  #endAsked = false;
  #endSent = false;
  #ended = false;
  #full = false;
  #open = true;
  #error: Error | undefined;
  #peers: PeerRegister | undefined;

  constructor(socket: Socket, handler: TransportHandler) {
    this.#socket = this.#plainSocket = socket;
    this.handler = handler;
    this.#listen(socket);
  }

  get remoteAddress(): SocketAddress {
    return this.#presentedRemote ?? this.#remoteAddress;
  }

  get directRemoteAddress(): SocketAddress {
    return this.#remoteAddress;
  }

  get localAddress(): SocketAddress {
    return this.#localAddress;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Of the plain socket; -1 when it is gone. */
  get descriptor(): number {
    return handleOf(this.#plainSocket)?.fd ?? -1;
  }

  get bytesQueued(): number {
    return this.#sendingBytes + this.#queue.bytes + this.#corked.length;
  }

  /** The socket to start TLS on; from now on `attach` says when bytes flow again. */
  detach(): Socket {
    this.#handle?.readStop();
    this.#handle = undefined;
    return this.#plainSocket;
  }

  /** The same for a server, whose TLS needs no socket. */
  detachHandle(): StreamHandle {
    return handleOf(this.detach());
  }

  /** A server's handshake begins; `attach` ends it. */
  carryTls(handle: TlsHandle, handshake: HandshakeReader): void {
    this.#tlsHandle = handle;
    this.#handshake = handshake;
    takeReads(handle, handshake);
  }

  /** Follows the socket that carries TLS over the one before; its close is the connection's. */
  follow(socket: Socket): void {
    this.#socket.removeAllListeners('close');
    this.#socket = socket;
    this.#listen(socket);
  }

  /** The socket is connected and, where it is a TLS socket, secure: takes its bytes over. `peers` hears of its end. */
  attach(tls?: TlsInfo, peers?: PeerRegister): void {
    if (!this.#open) return;
    this.tls = tls;
    this.#peers = peers;
    peers?.opened(this);
    // A client's handshake begins on a socket that nobody attached before.
    if (!tls || this.#localAddress === nowhere) this.#noteAddresses();
    this.#handle = this.#tlsHandle ?? handleOf(this.#socket);
    if (this.#handshake) handReads(this.#handle, this);
    else takeReads(this.#handle, this);
    this.#handshake = undefined;
    this.#flush();
  }

  /** Begins to read, unless paused. */
  start(): void {
    if (this.#reading) this.#handle?.readStart();
  }

  present({ remote, local }: PresentedEnds): void {
    if (remote) this.#presentedRemote = remote;
    if (!local) return;
    this.#localAddress = local;
    this.localAddressRestored = true;
  }

  write(data: Buffer | string): boolean {
    if (!this.#open || this.#endAsked) return false;
    if (data.length === 0) return !this.#full;
    if (this.#corks === 0) this.#send(data);
    else this.#join(data);
    return this.#room();
  }

  cork(): void {
    this.#corks++;
  }

  uncork(): void {
    if (this.#corks === 0 || --this.#corks > 0) return;
    this.#sendCorked();
  }

  pauseReading(): void {
    this.#reading = false;
    this.#handle?.readStop();
  }

  resumeReading(): void {
    this.#reading = true;
    if (!this.#readEnded && this.#open) this.#handle?.readStart();
  }

  end(): void {
    if (!this.#open || this.#endAsked) return;
    this.#sendCorked();
    this.#endAsked = true;
    this.#flush();
  }

  destroy(): void {
    this.fail(undefined);
  }

  reset(): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.#remoteAddress.port > 0) this.#plainSocket.resetAndDestroy();
    this.#socket.destroy();
  }

  /** Closes now, for this reason. */
  fail(error: Error | undefined): void {
    if (!this.#open) return;
    this.#open = false;
    this.#error = error;
    this.#queue.clear();
    this.#corked = '';
    this.#socket.destroy();
  }

  onRead(bytes: Buffer): void {
    if (this.#open) this.handler.onData(bytes);
  }

  onReadEnd(): void {
    if (!this.#open || this.#readEnded) return;
    this.#readEnded = true;
    this.#handle?.readStop();
    this.handler.onEnd();
    this.#closeWhenBothEnded();
  }

  onReadError(errno: number): void {
    this.fail(new TransportError('CONNECTION_RESET', `read ${getSystemErrorName(errno)}`));
  }

  onWritten(status: number): void {
    this.#sending = undefined;
    this.#sendingBytes = 0;
    if (!this.#open) return;
    if (status < 0) this.#failWrite(status);
    else this.#flush();
  }

  #listen(socket: Socket): void {
    socket.on('error', (error) => (this.#error ??= error));
    socket.on('close', () => this.#closed());
    socket.on('finish', () => this.#finished());
  }

  #noteAddresses(): void {
    const socket = this.#plainSocket;
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    if (remoteAddress !== undefined) this.#remoteAddress = { host: plainIp(remoteAddress), port: remotePort ?? 0 };
    if (localAddress !== undefined) this.#localAddress = { host: plainIp(localAddress), port: localPort ?? 0 };
  }

  #join(data: Buffer | string): void {
    if (data.length <= maxJoined) {
      this.#corked += typeof data === 'string' ? data : data.toString('latin1');
      if (this.#corked.length <= highWaterMark) return;
      this.#sendCorked();
    } else {
      this.#sendCorked();
      this.#send(data);
    }
  }

  #sendCorked(): void {
    const text = this.#corked;
    if (text === '') return;
    this.#corked = '';
    this.#send(text);
  }

  /** One write is under way at a time: a TLS handle takes no more, and what waits is joined. */
  #send(data: Buffer | string): void {
    const fleeting = typeof data !== 'string' && isReadView(data);
    if (this.#sending || !this.#handle) this.#queue.push(fleeting ? Buffer.from(data) : data);
    else if (!fleeting) this.#sendNow(this.#handle, data);
    else if (data.length < minScratch) this.#sendNow(this.#handle, Buffer.from(data));
    else this.#sendScratch(this.#handle, data);
  }

  /** Bytes of the shared read buffer, in bulk: most are out at once, and the block serves the next. */
  #sendScratch(handle: StreamHandle, data: Buffer): void {
    const block = takeScratch(data);
    this.#sendNow(handle, block.subarray(0, data.length));
    if (this.#sending) this.#sending.scratch = block;
    else giveScratch(block);
  }

  #sendNow(handle: StreamHandle, data: Buffer | string): void {
    const outcome = writeTo(handle, data);
    if (outcome === 0) return;
    if (typeof outcome === 'number') {
      this.#failWrite(outcome);
      return;
    }
    outcome.owner = this;
    outcome.data = data;
    outcome.oncomplete = completeWrite;
    this.#sending = outcome;
    this.#sendingBytes = data.length;
  }

  #flush(): void {
    const handle = this.#handle;
    if (!handle) return;
    while (!this.#sending && this.#open && this.#queue.bytes > 0) this.#sendNow(handle, this.#queue.next());
    if (this.#sending || !this.#open) return;
    if (this.#endAsked) this.#sendEnd();
    else if (this.#full) this.#drained();
  }

  #sendEnd(): void {
    if (this.#endSent) return;
    this.#endSent = true;
    if (this.#tlsHandle) shutDown(this.#tlsHandle, () => this.#finished());
    else this.#socket.end();
  }

  #finished(): void {
    this.#ended = true;
    this.#closeWhenBothEnded();
  }

  #drained(): void {
    this.#full = false;
    this.handler.onDrain();
  }

  #room(): boolean {
    if (this.#full || this.bytesQueued > this.queueLimit) this.#full = true;
    return !this.#full;
  }

  #failWrite(errno: number): void {
    this.fail(new TransportError('CONNECTION_RESET', `write ${getSystemErrorName(errno)}`));
  }

  #closeWhenBothEnded(): void {
    if (this.#readEnded && this.#ended) this.destroy();
  }

  #closed(): void {
    this.#peers?.closed(this);
    this.#open = false;
    this.#handle = undefined;
    this.#handshake?.onClosed();
    if (this.#tlsHandle) freeTls(this.#tlsHandle);
    this.#tlsHandle = undefined;
    this.handler.onClose(this.#error);
  }
}

/** An IPv4 client of an IPv6 socket has an IPv4 address (`::ffff:10.0.0.1`). */
function plainIp(host: string): string {
  return host.startsWith('::ffff:') && host.includes('.') ? host.slice(7) : host;
}

const nowhere: SocketAddress = { host: '', port: 0 };

function completeWrite(this: WriteRequest, status: number): void {
  if (this.scratch) giveScratch(this.scratch);
  this.owner?.onWritten(status);
}
