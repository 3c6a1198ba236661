// What is known of a connection before its filter chain is chosen.

/** Addresses are IPs, or a Unix socket's path; names are lower-case. */
export interface ConnectionFacts {
  readonly destinationIp: string;
  readonly destinationPort: number;
  /** The client, as a proxy in front names it. */
  readonly sourceIp: string;
  readonly sourcePort: number;
  /** The connection's own other end. */
  readonly directSourceIp: string;
  readonly transportProtocol: string;
  /** Empty: none was sent, or nobody looked. */
  readonly serverName: string;
  /** What the client offers, in its order. */
  readonly applicationProtocols: readonly string[];
}

/** The client is on this host. */
export function isLocalSource({ sourceIp, destinationIp }: ConnectionFacts): boolean {
  return sourceIp === destinationIp || sourceIp.startsWith('127.') || sourceIp === '::1';
}
