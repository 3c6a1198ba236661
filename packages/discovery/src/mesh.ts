// What holds for the whole mesh: the part of Istio's MeshConfig that generated resources depend on.
import type {
  ConnectionPool,
  ExtensionProvider,
  HttpRetry,
  LocalityLoadBalancing,
  PortTrafficPolicy,
  Tracing,
} from '@meltemi/config';
import type { ExternalAuthorizer } from './external-authorizers.ts';
import type { FederatedRoots } from './federated-roots.ts';
import type { MeshNetworks } from './mesh-networks.ts';
import type { MixerSettings } from './mixer-settings.ts';
import type { MutualTlsMode } from './input/mutual-tls-modes.ts';
import type { TlsLimits } from './input/tls-limits.ts';

export interface MeshSettings {
  /** DNS domain of services: `cluster.local`. */
  readonly domain: string;
  readonly trustDomain: string;
  /** Its other names, from before it was called as it is. */
  readonly trustDomainAliases: readonly string[];
  /** Authorities beside the mesh's own, for its own trust domain or for others. */
  readonly federated: readonly FederatedRoots[];
  /** Who can be asked for CUSTOM policies. */
  readonly externalAuthorizers: readonly ExternalAuthorizer[];
  /** Which mutual TLS workloads ask for where no policy says one. */
  readonly mutualTls: MutualTlsMode;
  /** Undefined: nobody asks Mixer. */
  readonly mixer: MixerSettings | undefined;
  /** Rules of this namespace hold for all: `istio-system`. */
  readonly rootNamespace: string;
  /** Who sees what does not say it itself. Of rules for destinations only `.` and `*` are told apart. */
  readonly exportTo: Readonly<Record<'services' | 'virtualServices' | 'destinationRules', readonly string[]>>;
  /** Empty: no access log. */
  readonly accessLogFile: string;
  /** Empty: Envoy's default format. */
  readonly accessLogFormat: string;
  readonly accessLogEncoding: 'TEXT' | 'JSON';
  /** What Telemetries may name. */
  readonly providers: readonly ExtensionProvider[];
  /** Names of those that are asked where no Telemetry says otherwise. */
  readonly defaultProviders: Readonly<Record<'tracing' | 'metrics' | 'accessLogging', readonly string[]>>;
  readonly tracing: TracingSettings;
  readonly connectTimeoutMs: number;
  /** What holds for destinations whose rules say nothing of it. */
  readonly trafficPolicy: Pick<PortTrafficPolicy, 'connectionPool' | 'outlierDetection'>;
  /** Which localities take requests, where no rule says it. */
  readonly localityLb: LocalityLoadBalancing;
  /** Patterns of the names under which clusters are counted; empty: their own names. */
  readonly statNames: Readonly<Record<'inbound' | 'outbound', string>>;
  /** Where the network leads what applications send, and what comes to them. */
  readonly listenPorts: Readonly<Record<'inbound' | 'outbound', number>>;
  /** Inbound connections go on to the application at 127.0.0.1, not to the address that the client wanted. */
  readonly inboundLocalhost: boolean;
  /** How long the first bytes of a connection are waited for that tell what it speaks; 0: as long as the client takes. */
  readonly protocolDetectionMs: number;
  /** Of connections to services; undefined: the system's. */
  readonly tcpKeepalive: TcpKeepalive | undefined;
  readonly dnsRefreshMs: number;
  /** HTTP/1.1 goes on as HTTP/2. */
  readonly h2Upgrade: boolean;
  /** What a route is retried for that says nothing; undefined: what Istio does. */
  readonly defaultRetry: HttpRetry | undefined;
  /** Mutual TLS is used where both ends can; false: where a rule says so. */
  readonly autoMutualTls: boolean;
  readonly pathNormalization: PathNormalization;
  /** What TLS may agree on at the mesh's own servers, and with whoever is outside of it. */
  readonly tls: Readonly<Record<'mesh' | 'outside', TlsLimits>>;
  /** Empty: every endpoint is dialled itself. */
  readonly networks: MeshNetworks;
  /** Listeners log connections that no chain takes. */
  readonly listenerLog: boolean;
  /** File with the roots by which servers outside of the mesh are verified. */
  readonly systemRoots: string;
  /** What becomes of traffic to where nobody declared a service. */
  readonly outboundTrafficPolicy: OutboundTrafficPolicy;
  /** What a destination gets whose rules name no balancer. */
  readonly loadBalancer: 'LEAST_REQUEST' | 'ROUND_ROBIN' | 'RANDOM';
}

export type TcpKeepalive = NonNullable<NonNullable<ConnectionPool['tcp']>['tcpKeepalive']>;

/** How the path of a request is written before it is matched: each of these does what the one before it does. */
export type PathNormalization = 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES';

/** Of spans, as far as no Telemetry says otherwise. */
export interface TracingSettings {
  /** Traced by what the proxy was started with, where no provider is named. */
  readonly enabled: boolean;
  /** 0–100. */
  readonly sampling: number;
  /** 0: the proxy's own. */
  readonly maxPathTagLength: number;
  readonly istioTags: boolean;
  readonly customTags: NonNullable<Tracing['customTags']>;
}

export type OutboundTrafficPolicy = 'ALLOW_ANY' | 'REGISTRY_ONLY';

/** Istio's defaults. https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/ */
export const DEFAULT_MESH: MeshSettings = {
  domain: 'cluster.local',
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  federated: [],
  externalAuthorizers: [],
  mutualTls: 'PERMISSIVE',
  mixer: undefined,
  rootNamespace: 'istio-system',
  exportTo: { services: ['*'], virtualServices: ['*'], destinationRules: ['*'] },
  accessLogFile: '/dev/stdout',
  accessLogFormat: '',
  accessLogEncoding: 'TEXT',
  providers: [
    { name: 'prometheus', prometheus: {} },
    { name: 'envoy', envoyFileAccessLog: { path: '/dev/stdout' } },
  ],
  defaultProviders: { tracing: [], metrics: [], accessLogging: [] },
  tracing: { enabled: false, sampling: 1, maxPathTagLength: 0, istioTags: true, customTags: {} },
  connectTimeoutMs: 10_000,
  trafficPolicy: {},
  localityLb: {},
  statNames: { inbound: '', outbound: '' },
  listenPorts: { inbound: 15_006, outbound: 15_001 },
  inboundLocalhost: false,
  protocolDetectionMs: 0,
  tcpKeepalive: undefined,
  dnsRefreshMs: 60_000,
  h2Upgrade: false,
  defaultRetry: undefined,
  autoMutualTls: true,
  pathNormalization: 'BASE',
  tls: { mesh: {}, outside: {} },
  networks: {},
  listenerLog: true,
  systemRoots: '/etc/ssl/certs/ca-certificates.crt',
  outboundTrafficPolicy: 'ALLOW_ANY',
  loadBalancer: 'LEAST_REQUEST',
};
