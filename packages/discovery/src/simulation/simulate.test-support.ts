// For tests: which listener, filter chain, virtual host and route a call meets, found as Envoy finds them.
import type { Call, Met, ProxyConfig } from './call.test-support.ts';
import { type Chain, chooseChain } from './choose-chain.test-support.ts';
import { chooseListener, inspect, nameOf } from './choose-listener.test-support.ts';
import { chooseRoute, type RouteTable } from './choose-route.test-support.ts';

const NOTHING: Met = {
  error: '',
  listenerMatched: '',
  filterChainMatched: '',
  routeConfigMatched: '',
  virtualHostMatched: '',
  routeMatched: '',
  clusterMatched: '',
};

export function simulate(config: ProxyConfig, call: Call): Met {
  const listener = chooseListener(config.listeners, call);
  if (!listener) return { ...NOTHING, error: 'no listener matched' };
  const met = { ...NOTHING, listenerMatched: nameOf(listener) };
  const choice = chooseChain(listener, call, inspect(listener, withDefaults(call)));
  if (typeof choice === 'string') return { ...met, error: choice };
  const chained = { ...met, filterChainMatched: choice.name ?? '' };
  const refused = refusal(choice, call);
  return refused ? { ...chained, error: refused } : route(config, choice, call, chained);
}

/** What a client of the kind offers in its hello. */
function withDefaults(call: Call): Call {
  const { tls, protocol = 'tcp' } = call;
  const alpn =
    tls === 'mtls'
      ? { http: 'istio-http/1.1', http2: 'istio-h2', tcp: 'istio' }[protocol]
      : tls === 'tls'
        ? { http: 'http/1.1', http2: 'h2', tcp: '' }[protocol]
        : '';
  return { ...call, protocol, alpn: call.alpn ?? alpn };
}

function refusal({ transportSocket }: Chain, { tls = 'plaintext', mtlsSecretConfigName }: Call): string {
  if (!transportSocket) return '';
  if (tls === 'plaintext') return 'invalid TLS';
  const context = transportSocket.typedConfig;
  const secret = context.commonTlsContext?.tlsCertificateSdsSecretConfigs?.[0]?.name;
  const mutual = secret === (mtlsSecretConfigName ?? 'default') && context.requireClientCertificate === true;
  return mutual === (tls === 'mtls') ? '' : 'invalid mTLS';
}

function route(config: ProxyConfig, chain: Chain, call: Call, met: Met): Met {
  const filter = chain.filters.at(-1)!.typedConfig;
  if (typeof filter['cluster'] === 'string') return { ...met, clusterMatched: filter['cluster'] };
  if (!filter['httpFilters']) return met;
  const encrypted = (call.tls ?? 'plaintext') !== 'plaintext';
  if ((encrypted && !chain.transportSocket) || !['http', 'http2'].includes(call.protocol ?? 'tcp')) {
    return { ...met, error: 'protocol error' };
  }
  const rds = (filter['rds'] as { readonly routeConfigName?: string } | undefined)?.routeConfigName;
  const table = rds === undefined ? filter['routeConfig'] : config.routes.find(({ name }) => name === rds);
  if (!table) return { ...met, error: `no route configuration ${rds}` };
  return { ...met, routeConfigMatched: rds ?? '', ...chooseRoute(table as unknown as RouteTable, call) };
}
