// What an injected sidecar is made of: images, flags of its init container, and the proxy's part of the mesh configuration.

/** Whether workloads that say nothing get a sidecar. */
export type InjectionPolicy = 'enabled' | 'disabled';

/** The arguments that a sidecar gets from the mesh configuration (`defaultConfig` of MeshConfig). */
export interface ProxySettings {
  /** Where the sidecar listens for redirected connections. */
  readonly listenPort: number;
  readonly configPath: string;
  readonly binaryPath: string;
  readonly serviceCluster: string;
  readonly drainDurationMs: number;
  readonly parentShutdownDurationMs: number;
  readonly discoveryAddress: string;
  readonly discoveryRefreshDelayMs: number;
  readonly zipkinAddress: string;
  readonly connectTimeoutMs: number;
  readonly statsdUdpAddress: string;
  readonly adminPort: number;
}

/** What the sidecar's init container redirects; `undefined` leaves a flag out. */
export interface TrafficSettings {
  /** Outbound CIDRs that are redirected, divided by commas; empty: all. */
  readonly includeIpRanges?: string | undefined;
  readonly excludeIpRanges?: string | undefined;
  /** Inbound ports that are redirected, divided by commas; `*`: all. */
  readonly includeInboundPorts?: string | undefined;
  readonly excludeInboundPorts?: string | undefined;
}

export interface InjectSettings {
  readonly policy: InjectionPolicy;
  readonly initImage: string;
  readonly proxyImage: string;
  /** Stands in the annotation that marks an injected pod. */
  readonly version: string;
  /** Log verbosity of the sidecar; 0 leaves the flag out. */
  readonly verbosity: number;
  readonly sidecarProxyUid: number;
  /** Lets the sidecar write core files, with one more privileged init container. */
  readonly coreDump: boolean;
  /** A privileged sidecar that may write to its file system. */
  readonly debug: boolean;
  readonly imagePullPolicy: string;
  readonly meshConfigMapName: string;
  readonly traffic: TrafficSettings;
  readonly proxy: ProxySettings;
}

/** Defaults of Istio 0.2.2. */
export const DEFAULT_PROXY: ProxySettings = {
  listenPort: 15001,
  configPath: '/etc/istio/proxy',
  binaryPath: '/usr/local/bin/envoy',
  serviceCluster: 'istio-proxy',
  drainDurationMs: 2000,
  parentShutdownDurationMs: 3000,
  discoveryAddress: 'istio-pilot:8080',
  discoveryRefreshDelayMs: 1000,
  zipkinAddress: '',
  connectTimeoutMs: 1000,
  statsdUdpAddress: '',
  adminPort: 15000,
};

export interface ImageChoice {
  readonly hub: string;
  readonly tag: string;
  readonly debug: boolean;
}

/** The images of a release; debug images hold tools to look around with. */
export function sidecarImages({ hub, tag, debug }: ImageChoice): Pick<InjectSettings, 'initImage' | 'proxyImage'> {
  return {
    initImage: `${hub}/proxy_init:${tag}`,
    proxyImage: `${hub}/${debug ? 'proxy_debug' : 'proxy'}:${tag}`,
  };
}
