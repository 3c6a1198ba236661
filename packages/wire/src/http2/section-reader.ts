// Field blocks → what they are to their streams: a request that begins, a response, trailers (RFC 9113 §8.1).
import type { AbuseGuard } from './abuse-guard.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { Http2Error, type Http2ErrorCode } from './http2-error.ts';
import type { Http2Handler } from './http2-handler.ts';
import type { Http2Role } from './http2-role.ts';
import type { Http2Limits } from './limits.ts';
import { FieldSection } from './section.ts';
import type { Stream } from './stream.ts';
import type { StreamTable } from './stream-table.ts';

export interface SectionOwner {
  readonly role: Http2Role;
  readonly limits: Http2Limits;
  readonly handler: Http2Handler;
  readonly guard: AbuseGuard;
  readonly streams: StreamTable;
  /** The peer may begin streams. */
  readonly admits: boolean;
  addStream(id: number): Stream;
  streamError(streamId: number, code: Http2ErrorCode): void;
}

export class SectionReader {
  readonly #owner: SectionOwner;
  readonly #decoder: HpackDecoder;
  readonly #section: FieldSection;

  constructor(owner: SectionOwner) {
    this.#owner = owner;
    this.#decoder = new HpackDecoder(owner.limits.tableBytes);
    this.#section = new FieldSection(owner.limits);
  }

  /** The block is `bytes[start, end)`. Every one is decoded, also of a stream that is gone: the table must stay as the peer's. */
  read(streamId: number, bytes: Buffer, start: number, end: number, endStream: boolean, selfDependent: boolean): void {
    this.#section.begin();
    this.#decoder.decode(bytes, start, end, this.#section);
    const stream = this.#owner.streams.get(streamId);
    if (selfDependent) this.#refuse(streamId, 'PROTOCOL_ERROR');
    else if (!stream) this.#onUnknown(streamId, endStream);
    else if (stream.ended) this.#owner.streamError(streamId, 'STREAM_CLOSED');
    else if (stream.headReceived) this.#onTrailers(stream, endStream);
    else this.#onResponse(stream, endStream);
  }

  #onUnknown(streamId: number, endStream: boolean): void {
    const { role, streams, guard } = this.#owner;
    switch (streams.fate(streamId)) {
      case 'idle':
        if (role === 'server' && (streamId & 1) === 1) return this.#onNew(streamId, endStream);
        throw new Http2Error('PROTOCOL_ERROR', `stream ${streamId} is not the peer's to begin`);
      case 'reset by us':
        return guard.idleFrame();
      case 'ended':
        throw new Http2Error('STREAM_CLOSED', `HEADERS on stream ${streamId}, which has ended`);
      case 'skipped':
        throw new Http2Error('PROTOCOL_ERROR', `stream ${streamId} is below one that began before`);
    }
  }

  #onNew(streamId: number, endStream: boolean): void {
    const { streams, limits, admits } = this.#owner;
    if (!admits) return this.#owner.guard.idleFrame();
    streams.lastPeerId = streamId;
    if (streams.size >= limits.maxConcurrentStreams) return this.#refuse(streamId, 'REFUSED_STREAM');
    if (this.#section.oversized) return this.#onOversized(streamId, endStream);
    const request = this.#section.request();
    if (!request || (endStream && this.#section.contentLength > 0)) return this.#refuse(streamId, 'PROTOCOL_ERROR');
    const stream = this.#owner.addStream(streamId);
    const { headers, contentLength } = this.#section;
    stream.method = request.method;
    this.#owner.handler.onStream(stream);
    stream.receiveHead(request, headers, contentLength, endStream);
  }

  #onOversized(streamId: number, endStream: boolean): void {
    const stream = this.#owner.addStream(streamId);
    stream.ended = endStream;
    stream.headReceived = true;
    this.#owner.handler.onOversizedHead(stream);
  }

  #onResponse(stream: Stream, endStream: boolean): void {
    const response = this.#section.oversized ? undefined : this.#section.response();
    const code = this.#section.oversized ? 'ENHANCE_YOUR_CALM' : 'PROTOCOL_ERROR';
    const { headers, contentLength } = this.#section;
    if (!response) return this.#owner.streamError(stream.id, code);
    const taken =
      response.status >= 200
        ? stream.receiveHead(response, headers, contentLength, endStream)
        : !endStream && stream.receiveInformational(response.status, headers);
    if (!taken) this.#owner.streamError(stream.id, 'PROTOCOL_ERROR');
  }

  #onTrailers(stream: Stream, endStream: boolean): void {
    const { oversized } = this.#section;
    const trailers = oversized ? undefined : this.#section.trailers();
    const whole = endStream && trailers !== undefined && stream.receiveEnd(trailers);
    if (!whole) this.#owner.streamError(stream.id, oversized ? 'ENHANCE_YOUR_CALM' : 'PROTOCOL_ERROR');
  }

  /** Of a stream that is not told to anybody. */
  #refuse(streamId: number, code: Http2ErrorCode): void {
    const { streams, role } = this.#owner;
    if (role === 'server' && (streamId & 1) === 1) streams.lastPeerId = Math.max(streams.lastPeerId, streamId);
    this.#owner.streamError(streamId, code);
  }
}
