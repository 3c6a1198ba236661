// What stands before the filter that ends a chain: it lets connections in or not, and may see the bytes of those it let in.
import type { JsonObject } from '@bufbuild/protobuf';
import type { Transport } from '@meltemi/wire';
import type { ConnectionEntry } from '../../http/stream-entry.ts';
import type { TcpObserver } from '../../tcp/tcp-observer.ts';

/** One for each filter of a chain, for all connections. */
export interface ConnectionFilter {
  /** Undefined: let in. Asked once for each connection, before any byte goes either way. */
  admit?(connection: ArrivedConnection): Denial | Inquiry | undefined;
  /** A connection that it let in is gone. */
  released?(): void;
  /** Stands between the connection and the filters after it. */
  wrap?(transport: Transport): Transport;
  /** Hears of connections that tcp_proxy carries. */
  readonly observer?: TcpObserver;
  /** False: the listener waits for its configuration. Absent: it has all that it needs. */
  readonly ready?: boolean;
  /** Gives counters up. */
  close(): void;
}

export interface ArrivedConnection {
  readonly transport: Transport;
  /** What is known of it; read on demand. */
  readonly entry: ConnectionEntry;
  /** What filters said of it, by the filter's name. */
  readonly metadata: Readonly<Record<string, JsonObject>>;
  /** What the filter had said under other names stays. */
  addMetadata(filter: string, values: JsonObject): void;
}

/** The connection is closed. */
export interface Denial {
  readonly kind: 'denied';
  /** For the access log. */
  readonly details: string;
  /** It is held so long before; 0: closed at once. Milliseconds. */
  readonly delayMs: number;
}

/** Somebody else decides. */
export interface Inquiry {
  readonly kind: 'asked';
  /** Calls `onAnswer` once, later, unless cancelled. */
  start(onAnswer: (denial: Denial | undefined) => void): { cancel(): void };
}

export function denied(details: string, delayMs = 0): Denial {
  return { kind: 'denied', details, delayMs };
}
