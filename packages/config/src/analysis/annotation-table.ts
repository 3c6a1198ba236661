// Istio's annotations: which kinds of objects each is for. https://istio.io/latest/docs/reference/config/annotations/

export interface KnownAnnotation {
  /** Kinds of objects, or `Any`. */
  readonly kinds: readonly string[];
  readonly deprecated: boolean;
}

function known(kinds: readonly string[], names: string, deprecated = false): [string, KnownAnnotation][] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => [name, { kinds, deprecated }]);
}

export const ANNOTATIONS: ReadonlyMap<string, KnownAnnotation> = new Map([
  ...known(['Any'], 'galley.istio.io/analyze-suppress gateway.istio.io/controller-version'),
  ...known(['AuthorizationPolicy'], 'istio.io/dry-run'),
  ...known(
    ['Gateway'],
    'gateway.istio.io/name-override gateway.istio.io/service-account networking.istio.io/service-type',
  ),
  ...known(['GatewayClass', 'Gateway'], 'ambient.istio.io/waypoint-inbound-binding'),
  ...known(['Ingress'], 'kubernetes.io/ingress.class'),
  ...known(['Namespace'], 'topology.istio.io/controlPlaneClusters'),
  ...known(
    ['Namespace', 'Service', 'ServiceEntry'],
    'networking.istio.io/traffic-distribution istio.io/use-waypoint-canary-weight',
  ),
  ...known(['Service'], 'networking.istio.io/exportTo traffic.istio.io/nodeSelector'),
  ...known(['Service'], 'alpha.istio.io/canonical-serviceaccounts alpha.istio.io/kubernetes-serviceaccounts', true),
  ...known(
    ['WorkloadEntry'],
    'istio.io/autoRegistrationGroup istio.io/connectedAt istio.io/disconnectedAt istio.io/workloadController',
  ),
  ...known(
    ['Pod'],
    `ambient.istio.io/bypass-inbound-capture ambient.istio.io/dns-capture ambient.istio.io/redirection
    inject.istio.io/templates istio.io/reroute-virtual-interfaces istio.io/rev prometheus.istio.io/merge-metrics
    proxy.istio.io/config proxy.istio.io/overrides
    readiness.status.sidecar.istio.io/applicationPorts readiness.status.sidecar.istio.io/failureThreshold
    readiness.status.sidecar.istio.io/initialDelaySeconds readiness.status.sidecar.istio.io/periodSeconds
    sidecar.istio.io/agentLogLevel sidecar.istio.io/bootstrapOverride sidecar.istio.io/componentLogLevel
    sidecar.istio.io/interceptionMode sidecar.istio.io/logLevel sidecar.istio.io/nativeSidecar
    sidecar.istio.io/proxyCPU sidecar.istio.io/proxyCPULimit sidecar.istio.io/proxyImage
    sidecar.istio.io/proxyImageType sidecar.istio.io/proxyMemory sidecar.istio.io/proxyMemoryLimit
    sidecar.istio.io/rewriteAppHTTPProbers sidecar.istio.io/statsEvictionInterval
    sidecar.istio.io/statsFlushInterval sidecar.istio.io/statsHistogramBins sidecar.istio.io/statsHistogramBuckets
    sidecar.istio.io/status sidecar.istio.io/userVolume sidecar.istio.io/userVolumeMount status.sidecar.istio.io/port
    traffic.sidecar.istio.io/excludeInboundPorts traffic.sidecar.istio.io/excludeInterfaces
    traffic.sidecar.istio.io/excludeOutboundIPRanges traffic.sidecar.istio.io/excludeOutboundPorts
    traffic.sidecar.istio.io/includeInboundPorts traffic.sidecar.istio.io/includeOutboundIPRanges
    traffic.sidecar.istio.io/includeOutboundPorts`,
  ),
  ...known(
    ['Pod'],
    `sidecar.istio.io/discoveryAddress sidecar.istio.io/extraStatTags sidecar.istio.io/inject
    sidecar.istio.io/statsCompression sidecar.istio.io/statsInclusionPrefixes sidecar.istio.io/statsInclusionRegexps
    sidecar.istio.io/statsInclusionSuffixes traffic.sidecar.istio.io/kubevirtInterfaces`,
    true,
  ),
]);
