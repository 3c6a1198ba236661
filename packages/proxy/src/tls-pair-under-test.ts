// One proxy with both ends of mutual TLS for tests: `out`, where clients ask, leads by TLS to `in`, which leads to the application.
import type { TestContext } from 'node:test';
import { ControlPlane, startByAds } from './ads-under-test.ts';
import { cluster, routerFilter, socketAddress } from './proxy-under-test.ts';
import type { RunningProxy } from './run.ts';
import type { TestKeyPair } from './tls/test-certificates.ts';

const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
export const SDS = { sds_config: { ads: {}, resource_api_version: 'V3' } };

export type End = 'client' | 'server';

export interface TlsPairOptions {
  /** Port of the application. */
  readonly app: number;
  /** Of their names `client` and `server`, and what `trust` names. */
  readonly secrets: readonly object[];
  /** How each end verifies the other: fields of its TLS context. */
  readonly trust: (end: End) => object;
  /** Further fields of the cluster `secure`, by which `out` leads to `in`. */
  readonly secure: object;
}

export interface TlsPair {
  readonly plane: ControlPlane;
  readonly proxy: RunningProxy;
}

export async function startTlsPair(context: TestContext, options: TlsPairOptions): Promise<TlsPair> {
  const { app, trust } = options;
  const plane = new ControlPlane();
  await plane.listen();
  plane.set('SDS', ...options.secrets);
  plane.set('CDS', cluster('app', [app]));
  plane.set('LDS', listener('in', 'app', serverTls(trust('server'))));
  const proxy = await startByAds(context, plane);
  await proxy.ready;
  const secure = { ...clientTls(trust('client')), ...options.secure };
  plane.set('CDS', cluster('app', [app]), cluster('secure', [portOf(proxy, 'in')], secure));
  plane.set('LDS', listener('in', 'app', serverTls(trust('server'))), listener('out', 'secure'));
  while (portOf(proxy, 'out') === 0) await new Promise(setImmediate);
  return { plane, proxy };
}

export function portOf(proxy: RunningProxy, name: string): number {
  const address = proxy.listenerAddress(name);
  return address && 'port' in address ? address.port : 0;
}

export async function statsOf({ adminPort }: RunningProxy): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/stats`)).text();
  return new Map(
    text.split('\n').map((line) => {
      const [name = '', value] = line.split(': ');
      return [name, Number(value)];
    }),
  );
}

function listener(name: string, target: string, chain: object = {}): object {
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: name,
    route_config: {
      name: 'all',
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: target } }] },
      ],
    },
    http_filters: [routerFilter()],
  };
  const chains = [{ filters: [{ name: 'http', typed_config: manager }], ...chain }];
  return { name, stat_prefix: name, address: socketAddress(0), filter_chains: chains };
}

function serverTls(trust: object): object {
  const context = { ...commonTls('server', trust), alpn_protocols: ['h2', 'http/1.1'] };
  return socket('DownstreamTlsContext', { require_client_certificate: true, common_tls_context: context });
}

function clientTls(trust: object): object {
  return socket('UpstreamTlsContext', { sni: 'pair.example', common_tls_context: commonTls('client', trust) });
}

function socket(type: string, context: object): object {
  return { transport_socket: { name: 'tls', typed_config: { '@type': `${TLS}.${type}`, ...context } } };
}

function commonTls(name: End, trust: object): object {
  return { tls_certificate_sds_secret_configs: [{ name, ...SDS }], ...trust };
}

export function pairSecret(name: End, { certificate, key }: TestKeyPair): object {
  const pair = { certificate_chain: { inline_string: certificate }, private_key: { inline_string: key } };
  return { name, tls_certificate: pair };
}
