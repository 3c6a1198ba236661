// Where ours is meant to differ from istiod, or is known to: each with its reason.
import { isIP } from 'node:net';
import type { Difference } from './compared-answers.ts';

interface Place extends Difference {
  readonly type: string;
  readonly name: string;
}

interface Intended {
  readonly reason: string;
  readonly holds: (place: Place) => boolean;
}

const INTENDED: readonly Intended[] = [
  {
    reason: "a stock Envoy has no filter that writes Istio's protocol names: the cluster offers them, and says HTTP so",
    holds: ({ type, path }) => type !== 'RDS' && path.endsWith('.commonTlsContext.alpnProtocols'),
  },
  {
    reason: "a gateway's server with ISTIO_MUTUAL asks as much of clients as a sidecar: trust domain and ciphers",
    holds: ({ type, path, ours }) =>
      type === 'LDS' &&
      ours !== undefined &&
      /\.commonTlsContext\.(tlsParams|combinedValidationContext\.defaultValidationContext\.matchSubjectAltNames)$/.test(
        path,
      ),
  },
  {
    reason: 'a gateway reads files itself, and does not ask its agent for them',
    holds: ({ type, path }) => type === 'LDS' && /\.commonTlsContext\.tlsCertificate(s|SdsSecretConfigs)$/.test(path),
  },
  {
    reason:
      "TLS that a rule asks for: files are the proxy's to read, and the service's own name is asked for and checked",
    holds: ({ type, path, istiod }) =>
      type === 'CDS' &&
      (/^\.transportSocket\.typedConfig\.(commonTlsContext\.(combinedV|v)alidationContext|sni)$/.test(path) ||
        /^\.transportSocket\.typedConfig\.commonTlsContext\.tlsCertificate(s|SdsSecretConfigs)$/.test(path) ||
        (path.startsWith('.typedExtensionProtocolOptions') && JSON.stringify(istiod ?? '').includes('autoSni'))),
  },
  {
    reason: "only Istio's own filter for protocol names reads it",
    holds: ({ type, path }) => type === 'CDS' && path.endsWith('.istio.alpn_override'),
  },
  {
    reason: 'every chain that a rule made names it',
    holds: ({ type, path, istiod }) =>
      type === 'LDS' && istiod === undefined && /ilterChains?(\[\d+\])?\.metadata$/.test(path),
  },
  {
    reason: 'a host that only redirects has no request whose attempts could be counted',
    holds: ({ type, name, path }) =>
      type === 'RDS' && /^https?\./.test(name) && path.endsWith('.includeRequestAttemptCount'),
  },
  {
    reason: 'what a rule says of a port holds for bytes too, not for requests alone',
    holds: ({ type, path, istiod }) =>
      type === 'LDS' &&
      istiod === undefined &&
      /\.typedConfig\.(hashPolicy|maxDownstreamConnectionDuration|idleTimeout)$/.test(path),
  },
  {
    reason: 'an entry that is not for its own namespace is not seen there either, whatever rule leads to it',
    holds: ({ type, name, path, ours }) =>
      (type === 'CDS' || type === 'EDS') && path === '' && ours === undefined && name.endsWith('.example'),
  },
  {
    reason: 'beside an older entry with a block of addresses one without addresses keeps its bytes',
    holds: ({ type, name, path, istiod, ours }) =>
      type === 'LDS' &&
      name.startsWith('0.0.0.0_') &&
      ((istiod === 'PassthroughCluster' && typeof ours === 'string' && ours.startsWith('outbound|')) ||
        (istiod === 'PassthroughFilterChain' && ours === undefined) ||
        (istiod === undefined && path === '.defaultFilterChain.transportSocketConnectTimeout')),
  },
  {
    reason: 'a cluster whose callers choose the address looks up nothing',
    holds: ({ type, path, ours }) =>
      type === 'CDS' &&
      ours === undefined &&
      ['.dnsLookupFamily', '.dnsRefreshRate', '.respectDnsTtl', '.typedDnsResolverConfig'].includes(path),
  },
  {
    reason: 'each address of an entry leads to it, not the first alone',
    holds: ({ type, path, istiod, ours }) =>
      type === 'RDS' &&
      path.endsWith('.domains') &&
      (ours as string[]).every((domain) => (istiod as string[]).includes(domain) || isIP(domain.split('/')[0]!) !== 0),
  },
  {
    reason: 'a subset of a service outside of the mesh is outside too',
    holds: ({ type, name, path, istiod }) =>
      type === 'CDS' && istiod === undefined && path.endsWith('.istio.external') && name.split('|')[2] !== '',
  },
  {
    reason: 'that an endpoint has a sidecar is said to whoever asks: a cluster without matches does not look',
    holds: ({ type, path, istiod }) =>
      type === 'EDS' && istiod === undefined && path.endsWith('.filterMetadata.envoy.transport_socket_match'),
  },
];

export function intended(place: Place): boolean {
  return INTENDED.some(({ holds }) => holds(place));
}
