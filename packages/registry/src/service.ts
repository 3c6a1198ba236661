// What a service is, whatever platform it comes from.
import type { Host, Labels, Source } from '@meltemi/base';

/** What a port speaks. `tcp` when nothing says otherwise. */
export type Protocol =
  | 'http'
  | 'http2'
  | 'grpc'
  | 'grpc-web'
  | 'https'
  | 'tls'
  | 'tcp'
  | 'udp'
  | 'mongo'
  | 'mysql'
  | 'redis';

export interface ServicePort {
  readonly name: string;
  readonly number: number;
  /** The container's port: a number, or the name of a port of the container. */
  readonly targetPort: number | string;
  readonly protocol: Protocol;
  /** Nobody named the protocol: a proxy that can look at the first bytes of a connection does. */
  readonly unnamed?: true;
}

/**
 * How a caller finds the endpoints: `registry` (we say them), `dns` (its proxy looks the host up),
 * `passthrough` (the address that the caller dialled).
 */
export type Resolution = 'registry' | 'dns' | 'passthrough';

/** A service by its host and namespace. */
export interface Service {
  readonly host: Host;
  readonly name: string;
  readonly namespace: string;
  /** The address that callers dial, or empty. */
  readonly address: string;
  /** All of them where an entry names several, or blocks of addresses (`10.0.0.0/8`). */
  readonly addresses?: readonly string[];
  readonly ports: readonly ServicePort[];
  readonly selector: Labels;
  readonly resolution: Resolution;
  /** Of `dns`: one address at a time is used. */
  readonly dnsOnce?: true;
  /** For a service that stands for a name elsewhere in DNS: that name. */
  readonly externalName?: string;
  /** A ServiceEntry declares it, not Kubernetes. */
  readonly entry?: true;
  /** Of a service without addresses: what a proxy answers for its name where it catches DNS (IPv4, IPv6). */
  readonly allocated?: readonly string[];
  /** Callers get the addresses of its pods by DNS, and dial them. */
  readonly headless?: true;
  /** Outside of the mesh: no mutual TLS of ours. */
  readonly meshExternal: boolean;
  /** Service accounts of the workloads behind it, sorted. */
  readonly serviceAccounts: readonly string[];
  /** Those of its accounts that somebody wrote: Kubernetes' `default`, which nobody did, is not among them. */
  readonly writtenAccounts?: readonly string[];
  /** Namespaces that may see it; `*` for all, `.` for its own. Empty: as the mesh says. */
  readonly exportTo: readonly string[];
  /** Gateways that it leads to listen on the ports that their Gateway names, not on its target ports. */
  readonly gatewayPortsAsWritten?: true;
  /** When it was made, in RFC 3339; empty: nobody wrote it. */
  readonly created: string;
  readonly source: Source;
}

/** True when requests on the port are HTTP of some version in plaintext. */
export function isHttp(protocol: Protocol): boolean {
  return protocol === 'http' || protocol === 'http2' || protocol === 'grpc' || protocol === 'grpc-web';
}
