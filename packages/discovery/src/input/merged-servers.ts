// The servers that Gateways want of one proxy → those that can stand beside each other, as Istio decides: who came first stays.
import type { GatewayServer } from '@meltemi/config';
import type { ProxyScope } from '../scope.ts';
import { type BoundServer, serverKind, serverProtocol, wantedServers, wantsCertificate } from './gateway-server.ts';

export interface RefusedServer {
  readonly bound: BoundServer;
  readonly reason: string;
}

export interface MergedServers {
  readonly servers: readonly BoundServer[];
  readonly refused: readonly RefusedServer[];
}

/** The servers that the proxy opens. */
export function boundServers(scope: ProxyScope): readonly BoundServer[] {
  return mergeServers(wantedServers(scope)).servers;
}

/** `servers`: the oldest first. */
export function mergeServers(servers: readonly BoundServer[]): MergedServers {
  const places = new Map<string, Place>();
  const kept: BoundServer[] = [];
  const refused: RefusedServer[] = [];
  for (const bound of servers) {
    const name = `${bound.server.bind ?? ''}_${bound.listen}`;
    const place = places.get(name) ?? { hosts: new Map(), secure: new Map() };
    places.set(name, place);
    const reason = conflict(bound, place);
    if (reason) refused.push({ bound, reason });
    else {
      kept.push(bound);
      take(bound, place);
    }
  }
  return { servers: kept, refused };
}

/** An address and port. */
interface Place {
  /** The first in plaintext. */
  plain?: BoundServer;
  /** Of servers that say something of TLS: whose a host is. */
  readonly hosts: Map<string, BoundServer>;
  /** HTTPS is told apart by the names of ports. */
  readonly secure: Map<string, BoundServer>;
}

function take(bound: BoundServer, place: Place): void {
  if (bound.server.tls) for (const host of hostsOf(bound)) place.hosts.set(host, bound);
  if (wantsCertificate(bound.server)) place.secure.set(portName(bound), bound);
  else place.plain ??= bound;
}

function conflict(bound: BoundServer, { plain, hosts, secure }: Place): string | undefined {
  const { server } = bound;
  const host = server.tls && hostsOf(bound).find((each) => hosts.has(each));
  if (host !== undefined) return `${nameOf(hosts.get(host)!)} has host ${JSON.stringify(host)} there`;
  if (plain && !(isPlainHttp(server) && isPlainHttp(plain.server))) {
    return `${nameOf(plain)} speaks ${serverProtocol(plain.server.port)} there`;
  }
  const twin = serverProtocol(server.port) === 'HTTPS' ? secure.get(portName(bound)) : undefined;
  return twin && `${nameOf(twin)} has a port of the same name there`;
}

function isPlainHttp(server: GatewayServer): boolean {
  return !wantsCertificate(server) && serverKind(server) === 'http';
}

/** `./host` is of the gateway's own namespace. */
function hostsOf({ server, gateway }: BoundServer): readonly string[] {
  return server.hosts.map((host) => host.replace(/^\.(?=\/)/, gateway.metadata.namespace));
}

function portName({ server, gateway: { metadata } }: BoundServer): string {
  return [server.port.number, server.port.name, metadata.name, metadata.namespace].join('.');
}

function nameOf({ gateway: { metadata } }: BoundServer): string {
  return `Gateway ${metadata.namespace}/${metadata.name}`;
}
