// For tests: the listener of a call, and what its listener filters learn of the connection.
import type { JsonObject } from '@bufbuild/protobuf';
import { at } from '../test-world.ts';
import type { Call } from './call.test-support.ts';

export interface Learned {
  readonly transport: 'tls' | 'raw_buffer';
  readonly serverName: string;
  readonly alpn: string;
}

export function nameOf(resource: JsonObject): string {
  return resource['name'] as string;
}

export function chooseListener(listeners: readonly JsonObject[], call: Call): JsonObject | undefined {
  const named = (name: string) => listeners.find((listener) => listener['name'] === name);
  const on = (address: string) =>
    listeners.find(
      (listener) =>
        at(listener, 'address.socketAddress.address') === address &&
        at(listener, 'address.socketAddress.portValue') === call.port,
    );
  if (call.callMode === 'inbound') return named('virtualInbound');
  return on(call.address ?? '1.3.3.7') ?? on('0.0.0.0') ?? named('virtualOutbound');
}

/** Without the TLS inspector a connection looks like plaintext; plaintext says its protocol to the HTTP inspector only. */
export function inspect(listener: JsonObject, call: Call): Learned {
  const { tls = 'plaintext', protocol, alpn = '' } = call;
  const encrypted = tls !== 'plaintext';
  const seen = encrypted && inspects(listener, 'tls_inspector', call.port);
  const looked = !encrypted && inspects(listener, 'http_inspector', call.port);
  const plain = looked ? ({ http: 'http/1.1', http2: 'h2c', tcp: '' } as const)[protocol ?? 'tcp'] : '';
  const serverName = call.sni ?? (tls === 'tls' ? (call.hostHeader ?? '') : '');
  return {
    transport: seen ? 'tls' : 'raw_buffer',
    serverName: seen ? serverName : '',
    alpn: seen ? alpn : plain,
  };
}

interface Predicate {
  readonly destinationPortRange?: { readonly start: number; readonly end: number };
  readonly orMatch?: { readonly rules: readonly Predicate[] };
}

function inspects(listener: JsonObject, filter: string, port: number): boolean {
  const filters = (listener['listenerFilters'] ?? []) as unknown as readonly {
    name: string;
    filterDisabled?: Predicate;
  }[];
  const found = filters.find(({ name }) => name === `envoy.filters.listener.${filter}`);
  return found !== undefined && !(found.filterDisabled && holds(found.filterDisabled, port));
}

function holds({ destinationPortRange, orMatch }: Predicate, port: number): boolean {
  if (destinationPortRange) return port >= destinationPortRange.start && port < destinationPortRange.end;
  return orMatch?.rules.some((rule) => holds(rule, port)) ?? false;
}
