// Sends the one response of a request, the upstream's or our own: header fields, framing, body, end.
import { applyHeaderChanges, type HeaderChange, type RouteDecision } from '@meltemi/decide';
import { Headers, type RequestHead, type ResponseHead } from '@meltemi/wire';
import { grpcAnswer, isGrpcRequest } from './grpc-answer.ts';
import type { HttpSettings } from './http-settings.ts';
import { reasonPhrase } from './local-reply.ts';
import type { OwnAnswer } from './own-answer.ts';
import { removeHopByHop, signResponse } from './response-headers.ts';
import { ResponseWriter } from './response-writer.ts';
import type { StreamEntry } from './stream-entry.ts';
import type { StreamOwner } from './stream-owner.ts';

/** The request that is answered, as far as it came. */
export interface AnsweredRequest {
  /** Undefined: it could not be read. */
  readonly answeredHead: RequestHead | undefined;
  /** The request is whole. */
  readonly ended: boolean;
  /** Monotonic; counts once `ended`. */
  readonly endedMs: number;
}

/** `bodyLength`: where filters made it another than the body's. */
type OwnHead = Pick<OwnAnswer, 'status' | 'headers' | 'body'> & { readonly bodyLength?: number };

/** One a connection, for one request after the other. */
export class StreamResponse {
  readonly #connection: StreamOwner;
  readonly #request: AnsweredRequest;
  readonly #entry: StreamEntry;
  /** The client would take the end of the connection for the end of the response. */
  #endsWithConnection = false;
  began = false;
  ended = true;

  constructor(connection: StreamOwner, request: AnsweredRequest, entry: StreamEntry) {
    this.#connection = connection;
    this.#request = request;
    this.#entry = entry;
  }

  reset(): void {
    this.#endsWithConnection = false;
    this.began = false;
    this.ended = false;
  }

  /** Envoy answers `Expect: 100-continue` itself, at once, unless told to leave that to the upstream. */
  continueBody(head: RequestHead): void {
    const { site, writer } = this.#connection;
    if (site.settings.proxy100Continue) return;
    head.headers.remove('expect');
    if (head.expectContinue && head.version === 11) writer.plainHead(100, 'Continue', new Headers());
  }

  informational(head: ResponseHead): void {
    const wanted = head.status === 103 || (head.status === 100 && this.#connection.site.settings.proxy100Continue);
    if (wanted && this.#request.answeredHead?.version === 11) {
      this.#connection.writer.plainHead(head.status, reasonOf(head), head.headers);
    }
  }

  /** What the route and this proxy do to the upstream's head before the filters see it. `now`: monotonic, here as below. */
  prepare({ headers, status }: ResponseHead, decision: RouteDecision, attempts: number, now: number): void {
    this.#entry.responseCode = status;
    this.#entry.responseDurationMs = now - this.#entry.startedMs;
    this.#entry.responseCodeDetails = 'via_upstream';
    removeHopByHop(headers);
    this.#entry.responseHeaders = headers;
    const { ended, endedMs } = this.#request;
    if (!this.#connection.site.filters.suppressEnvoyHeaders) {
      const elapsed = now - (ended ? endedMs : this.#entry.startedMs);
      headers.put('x-envoy-upstream-service-time', String(Math.max(0, Math.round(elapsed))));
    }
    if (decision.responseHeaders.length > 0) applyHeaderChanges(decision.responseHeaders, headers, this.#entry);
    if (decision.includeAttemptCountInResponse) headers.set('x-envoy-attempt-count', String(attempts));
  }

  /** The prepared head. Throws Http1Error when a header value can't be sent. */
  fromUpstream(head: ResponseHead, now: number): void {
    this.#sign(head.headers);
    if (head.upgrade) return this.#switchProtocols(head, now);
    const request = this.#request.answeredHead!;
    const bodyless = isBodyless(request, head.status);
    const framing = { version: request.version, bodyLength: head.bodyLength, keepAlive: true, bodyless };
    const unframed = ResponseWriter.endsWithConnection(framing);
    framing.keepAlive = this.#connection.keepsAlive(request, true, now) && !unframed;
    this.#begin(head.status, head.headers, now);
    this.#endsWithConnection = unframed;
    // HTTP/2 has no reasons.
    this.#connection.writer.head(head.status, reasonOf(head), head.headers, framing);
  }

  /** Our own answer as the filters see it. `changes`: what the route does to it. */
  prepareOwn(given: OwnAnswer, changes: readonly HeaderChange[]): OwnAnswer {
    const { answeredHead: head } = this.#request;
    const { replyMapping } = this.#connection.site;
    const isGrpc = head !== undefined && !this.#entry.grpcWeb && isGrpcRequest(head.headers);
    this.#entry.addFlag(given.flag);
    this.#entry.responseCodeDetails = given.details;
    if (replyMapping && !given.unmapped) {
      const mapped = replyMapping(this.#unmapped(given, changes), this.#entry, isGrpc);
      return this.#shown(isGrpc ? grpcAnswer(mapped) : mapped);
    }
    const answer = this.#shown(isGrpc ? grpcAnswer(given) : given);
    if (changes.length > 0) applyHeaderChanges(changes, answer.headers, this.#entry);
    return answer;
  }

  /** What is mapped is the answer as the route leaves it, without a type that nobody chose. */
  #unmapped(given: OwnAnswer, changes: readonly HeaderChange[]): OwnAnswer {
    const { headers } = this.#shown(given);
    if (headers.get('content-type') === 'text/plain') headers.remove('content-type');
    if (changes.length > 0) applyHeaderChanges(changes, headers, this.#entry);
    return given;
  }

  /** To formats and filters. */
  #shown(answer: OwnAnswer): OwnAnswer {
    this.#entry.responseHeaders = answer.headers;
    this.#entry.responseCode = answer.status;
    return answer;
  }

  /** The head of our own answer; its body and end follow. False: its body stays here. */
  own({ status, headers, body, bodyLength = body.length }: OwnHead, now: number): boolean {
    const { site, writer } = this.#connection;
    const { answeredHead: head, ended } = this.#request;
    signResponse(headers, localSigner(site.settings.server), site.date);
    const bodyless = isBodyless(head, status);
    const keepAlive = head !== undefined && this.#connection.keepsAlive(head, ended || head.bodyLength === 0, now);
    this.#begin(status, headers, now);
    writer.head(status, reasonPhrase(status), headers, {
      version: head?.version ?? 11,
      bodyLength: bodyless ? 0 : bodyLength,
      keepAlive,
      bodyless,
    });
    return !bodyless;
  }

  /** False: wait until the client took some. */
  body(chunk: Buffer): boolean {
    this.#entry.bytesSent += chunk.length;
    return this.#connection.writer.body(chunk);
  }

  end(trailers: Headers | undefined): void {
    this.#connection.writer.end(trailers);
  }

  /** Gives the rest up so that the client sees it. */
  cutShort(): void {
    this.#connection.abort(this.#endsWithConnection);
  }

  #begin(status: number, headers: Headers, now: number): void {
    this.#entry.responseCode = status;
    this.#entry.responseHeaders = headers;
    this.#entry.responseBeganMs = now - this.#entry.startedMs;
    this.began = true;
    this.#connection.touch(now);
  }

  #sign(headers: Headers): void {
    const { settings, date } = this.#connection.site;
    if (settings.requestId.inResponse) {
      const id = this.#entry.headers.get('x-request-id');
      if (id !== undefined) headers.set('x-request-id', id);
    }
    signResponse(headers, settings.server, date);
  }

  #switchProtocols(head: ResponseHead, now: number): void {
    const protocol = this.#request.answeredHead?.upgrade;
    if (protocol !== undefined) {
      head.headers.append('connection', 'upgrade');
      head.headers.append('upgrade', protocol);
    }
    this.#begin(head.status, head.headers, now);
    this.#endsWithConnection = true;
    this.#connection.writer.plainHead(head.status, reasonOf(head), head.headers);
    this.#connection.startTunnel();
  }
}

/** Whatever its fields say, no body follows. */
function isBodyless(request: RequestHead | undefined, status: number): boolean {
  return request?.method === 'HEAD' || status === 204 || status === 304;
}

/** The upstream's own words only where its cluster keeps them, as in Envoy. */
function reasonOf({ status, headers }: ResponseHead): string {
  return headers.spelling?.reason || reasonPhrase(status);
}

/** Our own answers always say who gives them. */
function localSigner(server: HttpSettings['server']): HttpSettings['server'] {
  return server.header === 'pass-through' ? { ...server, header: 'overwrite' } : server;
}
