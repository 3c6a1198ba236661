// Turns how to dial a host into the options of one connection.
import { isIP } from 'node:net';
import {
  type ClientTlsOptions,
  type ConnectOptions,
  encodeProxyHeader,
  type ProxyEnds,
  type TransportAddress,
} from '@meltemi/wire';
import type { ConnectionSettings } from '../settings/connection-settings.ts';
import type { SecureDialling } from './client-tls.ts';
import type { Dialling } from './dialler.ts';
import { offeredNames, type SpokenProtocol } from './offered-names.ts';
import { ANY_SITE, type PoolSite } from './pool-site.ts';

/** Ready: its secrets are there. */
export type ReadyDialling = Exclude<Dialling, { kind: 'not-ready' }>;

/** Where a connection goes, and how it behaves. */
export interface DialledHost {
  readonly target: TransportAddress;
  readonly settings: ConnectionSettings;
}

export function dialOptions(
  dialling: ReadyDialling,
  protocol: SpokenProtocol,
  { target, settings }: DialledHost,
  { client, offered }: Pick<PoolSite, 'client' | 'offered'> = ANY_SITE,
): ConnectOptions {
  const localAddress = sourceFor(target, settings.sourceAddress);
  return {
    ...(dialling.kind === 'tls' && { tls: tlsOptions(dialling, protocol, offered) }),
    ...(localAddress !== undefined && { localAddress }),
    keepAliveMs: settings.keepAliveMs,
    queueLimit: settings.bufferLimit,
    preamble: preambleOf(dialling.proxyHeader, client),
  };
}

function tlsOptions(
  { options, namesFixed }: SecureDialling,
  protocol: SpokenProtocol,
  offered: PoolSite['offered'],
): ClientTlsOptions {
  if (namesFixed) return options;
  return { ...options, alpnProtocols: offeredNames(protocol, options.alpnProtocols, offered) };
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
