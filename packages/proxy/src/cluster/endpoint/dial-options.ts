// Turns how to dial a host into the options of one connection.
import { isIP } from 'node:net';
import { type ConnectOptions, encodeProxyHeader, type ProxyEnds, type TransportAddress } from '@meltemi/wire';
import type { ConnectionSettings } from '../settings/connection-settings.ts';
import type { Dialling } from './dialler.ts';

/** Ready: its secrets are there. */
export type ReadyDialling = Exclude<Dialling, { kind: 'not-ready' }>;

export function dialOptions(
  dialling: ReadyDialling,
  protocol: 'http2' | 'other',
  target: TransportAddress,
  settings: ConnectionSettings,
  client?: ProxyEnds,
): ConnectOptions {
  const localAddress = sourceFor(target, settings.sourceAddress);
  return {
    ...(dialling.kind === 'tls' && { tls: protocol === 'http2' ? dialling.http2Options : dialling.options }),
    ...(localAddress !== undefined && { localAddress }),
    keepAliveMs: settings.keepAliveMs,
    preamble: preambleOf(dialling.proxyHeader, client),
  };
}

/** Of a connection without a client v1 tells the connection's own ends, and v2 that there is none, as in Envoy. */
function preambleOf(version: 1 | 2 | undefined, client: ProxyEnds | undefined): ConnectOptions['preamble'] {
  if (!version) return undefined;
  return (own) => encodeProxyHeader(version, client ?? (version === 1 ? own : undefined));
}

/** A source of the other family can't reach the target. */
function sourceFor(target: TransportAddress, source: string | undefined): string | undefined {
  if (source === undefined || 'path' in target) return undefined;
  return isIP(source) === isIP(target.host) ? source : undefined;
}
