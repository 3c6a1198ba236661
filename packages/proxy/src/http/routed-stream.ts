// What the router and the stream that it works for see of each other.
import type { InternalRedirect } from '@meltemi/decide';
import type { Headers, ResponseHead } from '@meltemi/wire';
import type { OfferedProtocols, UpstreamRequest } from '../cluster/cluster.ts';
import type { HostBinding } from './host-binding.ts';
import type { LocalReply } from './local-reply.ts';
import type { ConnectionEntry } from './stream-entry.ts';

/** What a router asks of the request while it is under way. */
export interface RoutedRequest {
  /** ALPN names that a filter wants its upstream connection to offer. */
  readonly offered: OfferedProtocols | undefined;
  /** Of the request's session; undefined: any host will do. */
  readonly hostBinding: HostBinding | undefined;
  /** When it was whole, monotonic milliseconds. */
  readonly endedMs: number;
}

/** The stream that a router works for. It hears of one response or one local reply, unless it cancels. */
export interface RoutedStream {
  readonly client: ConnectionEntry;
  readonly request: RoutedRequest;
  onUpstreamInformational(head: ResponseHead): void;
  onUpstreamHead(head: ResponseHead): void;
  /** Instead of a head: true when the request now is the one that the redirect asks for, and the router is to let it go. */
  onUpstreamRedirect(head: ResponseHead, policy: InternalRedirect): boolean;
  /** After that: the new request begins, with the body that there was. */
  onRedirected(chunks: readonly Buffer[], trailers: Headers | undefined): void;
  onUpstreamBody(chunk: Buffer): void;
  /** Nothing more is here for now: what was held back to be joined goes out. */
  onUpstreamPause(): void;
  onUpstreamEnd(trailers: Headers | undefined): void;
  onLocalReply(reply: LocalReply): void;
  /** The response began and can't be completed. */
  onCutShort(flag: string, details: string): void;
  onRetriesExhausted(): void;
}

/** A request with its headers ready for the upstream; `host` and the attempt count may still change with each try. */
export interface OutgoingRequest extends UpstreamRequest {
  readonly includeAttemptCount: boolean;
}
