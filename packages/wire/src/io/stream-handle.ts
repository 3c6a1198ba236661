// A Node socket → its libuv handle, read into one shared buffer and written without a stream between.
// The handle is private to Node (`_handle`, `stream_wrap`): everything that knows its shape is in this file.
import type { Socket } from 'node:net';

/** The part of a TCP, pipe or TLS handle that we use. Numbers below zero are negated errnos. */
export interface StreamHandle {
  /** The descriptor; below zero where there is none. */
  readonly fd?: number;
  onread: () => void;
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  writeBuffer(request: WriteRequest | null, data: Uint8Array): number | WriteRequest;
  writeLatin1String(request: WriteRequest | null, data: string): number | WriteRequest;
  setNoDelay?(on: boolean): number;
  shutdown(request: ShutdownRequest): number;
}

/** A write that the kernel did not take whole. */
export interface WriteRequest {
  oncomplete: (this: WriteRequest, status: number) => void;
  /** Keeps the data alive until it is sent. */
  data?: Uint8Array | string;
  /** The block that holds the data, to be given back. */
  scratch?: Buffer;
  owner?: { onWritten(status: number): void };
}

/** Says when the peer was told the end. */
export interface ShutdownRequest {
  oncomplete: () => void;
}

interface StreamWrap {
  readonly ShutdownWrap: new () => ShutdownRequest;
  readonly WriteWrap: new () => WriteRequest;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
  readonly streamBaseState: Int32Array;
}

const { ShutdownWrap, WriteWrap, kReadBytesOrError, kLastWriteWasAsync, streamBaseState } = (
  process as unknown as { binding(name: 'stream_wrap'): StreamWrap }
).binding('stream_wrap');

/** From Node 26 on the handle makes the request itself, and only when the write does not finish at once. */
const handleMakesRequest = Number(process.versions.node.split('.')[0]) >= 26;
const endOfFile = -4095;

/**
 * All connections of a thread read into this one: libuv fills it and calls back before it reads the next socket, so
 * what a callback was given holds until it returns.
 */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** True when the bytes are in the shared buffer, so gone after the callback. */
export function isReadView(data: Buffer): boolean {
  return data.buffer === readBuffer.buffer;
}

export function handleOf(socket: Socket): StreamHandle {
  return (socket as unknown as { readonly _handle: StreamHandle })._handle;
}

export interface HandleReader {
  onRead(bytes: Buffer): void;
  onReadEnd(): void;
  onReadError(errno: number): void;
}

/** Views of the buffer's first bytes by their number: making one costs more than to find it again. */
const views: (Buffer | undefined)[] = Array.from({ length: 4096 + 1 });

function readView(count: number): Buffer {
  if (count >= views.length) return readBuffer.subarray(0, count);
  return (views[count] ??= readBuffer.subarray(0, count));
}

/** Gives what the handle reads to `reader`, past the socket's stream. */
export function takeReads(handle: StreamHandle, reader: HandleReader): void {
  handle.useUserBuffer(readBuffer);
  handReads(handle, reader);
}

/** Another reader for a handle whose reads were taken. */
export function handReads(handle: StreamHandle, reader: HandleReader): void {
  handle.onread = () => {
    const count = streamBaseState[kReadBytesOrError]!;
    if (count > 0) reader.onRead(readView(count));
    else if (count === endOfFile) reader.onReadEnd();
    else if (count < 0) reader.onReadError(count);
  };
}

/** Sends the end of what is written; `done` comes later, unless there is nobody any more to tell. */
export function shutDown(handle: StreamHandle, done: () => void): void {
  const request = new ShutdownWrap();
  request.oncomplete = done;
  // 1: it is done already; below zero: the peer is gone.
  if (handle.shutdown(request) !== 0) setImmediate(done);
}

/** Writes: 0 when all is out, the request that completes later, or a negated errno. */
export function writeTo(handle: StreamHandle, data: Buffer | string): number | WriteRequest {
  if (handleMakesRequest) return write(handle, null, data);
  const request = new WriteWrap();
  const status = write(handle, request, data);
  return status === 0 && streamBaseState[kLastWriteWasAsync] === 1 ? request : status;
}

function write(handle: StreamHandle, request: WriteRequest | null, data: Buffer | string): number | WriteRequest {
  return typeof data === 'string' ? handle.writeLatin1String(request, data) : handle.writeBuffer(request, data);
}
