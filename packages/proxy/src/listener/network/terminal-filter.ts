// The filter that ends a chain: it takes connections over and answers them.
import type { Transport } from '@meltemi/wire';
import type { ConnectionEntry } from '../../http/stream-entry.ts';

/** Where connections are taken over. */
export interface Reception {
  /** Takes a connection whose handshake is done and that every filter let in. `entry`: what is known of it, where somebody asked. */
  accept(transport: Transport, localUris: readonly string[], entry: ConnectionEntry | undefined): void;
}

export interface TerminalFilter extends Reception {
  /** Everything that it needs is here. */
  readonly ready: boolean;
  readonly openConnections: number;
  /** Takes HTTP/1.1 requests as streams of HTTP/2 from sidecars of our kind. */
  readonly multiplexes?: boolean;
  /** One connection begins its handshake: what it goes to is settled now, whatever changes until it is there. Absent: nothing is settled before. */
  expect?(): Reception;
  /** A filter before it denied a connection: for its access log. */
  denied?(entry: ConnectionEntry, details: string): void;
  /** Connections are told to end. */
  drain(): void;
  /** While draining: how many connections are left, idle ones closed. */
  closeIdle(): number;
  close(): void;
}
