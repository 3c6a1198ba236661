// What looks at an accepted connection before its filter chain is chosen.
import type { Transport } from '@meltemi/wire';
import { MULTIPLEXED } from '../../tls/multiplexed-protocol.ts';
import type { ConnectionFacts } from '../connection-facts.ts';

/** next: the filter is done. wait: it wants more bytes. refuse: the connection is closed. */
export type FilterVerdict = 'next' | 'wait' | 'refuse';

/** Keeps nothing of a connection: it is asked again with all bytes when more came. */
export interface ListenerFilter {
  /** `bytes`: everything read so far, none at first. */
  inspect(connection: InspectedConnection, bytes: Buffer): FilterVerdict;
  /** False: the listener waits for its configuration. Absent: it has all that it needs. */
  readonly ready?: boolean;
  /** Gives its counters up. */
  close(): void;
}

/** What filters find out; they write it here. */
export interface InspectedConnection {
  readonly transport: Transport;
  /** Empty: not known. */
  transportProtocol: string;
  serverName: string;
  applicationProtocols: readonly string[];
  /** Drops the first bytes: they are not the connection's own. */
  take(count: number): void;
}

/** The facts that a filter chain is chosen by. */
export function factsOf(connection: InspectedConnection): ConnectionFacts {
  const { localAddress, remoteAddress, directRemoteAddress } = connection.transport;
  return {
    destinationIp: localAddress.host,
    destinationPort: localAddress.port,
    sourceIp: remoteAddress.host,
    sourcePort: remoteAddress.port,
    directSourceIp: directRemoteAddress.host,
    transportProtocol: connection.transportProtocol || 'raw_buffer',
    serverName: connection.serverName,
    // A name that our sidecars add is no business of the configuration.
    applicationProtocols: connection.applicationProtocols.filter((name) => name !== MULTIPLEXED),
  };
}
