// Where ours is meant to differ from istiod, or is known to: each with its reason. The list only shrinks.
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
    reason: 'that an endpoint has a sidecar is said to whoever asks: a cluster without matches does not look',
    holds: ({ type, path, istiod }) =>
      type === 'EDS' && istiod === undefined && path.endsWith('.filterMetadata.envoy.transport_socket_match'),
  },
];

export function intended(place: Place): boolean {
  return INTENDED.some(({ holds }) => holds(place));
}
