// Settings and a pod → the containers and volumes that make its sidecar, as Istio 0.2.2 writes them.
import type { Fields } from './kubernetes-object.ts';
import type { InjectSettings, ProxySettings, TrafficSettings } from './settings.ts';

export const SIDECAR_CONTAINER = 'istio-proxy';

const CONFIG_VOLUME = 'istio-config';
const PROXY_VOLUME = 'istio-envoy';
const CERTIFICATE_VOLUME = 'istio-certs';

/** What is appended to the lists of a pod's spec, in this order. */
export interface SidecarParts {
  readonly initContainers: readonly Fields[];
  readonly containers: readonly Fields[];
  readonly volumes: readonly Fields[];
}

export interface SidecarPod {
  /** The service account of the pod: its certificate is mounted. */
  readonly serviceAccount: string;
  /** What the pod's own annotations say about its traffic; the settings hold for the rest. */
  readonly traffic: TrafficSettings;
}

export function sidecarParts(pod: SidecarPod, settings: InjectSettings): SidecarParts {
  const traffic = { ...settings.traffic, ...pod.traffic };
  return {
    initContainers: [initContainer(traffic, settings), ...(settings.coreDump ? [coreDumpContainer(settings)] : [])],
    containers: [proxyContainer(settings)],
    volumes: volumes(pod.serviceAccount, settings),
  };
}

function initContainer(traffic: TrafficSettings, settings: InjectSettings): Fields {
  return {
    args: initArgs(traffic, settings),
    image: settings.initImage,
    imagePullPolicy: settings.imagePullPolicy,
    name: 'istio-init',
    resources: {},
    securityContext: { capabilities: { add: ['NET_ADMIN'] }, privileged: true },
  };
}

function initArgs(traffic: TrafficSettings, { proxy, sidecarProxyUid }: InjectSettings): readonly string[] {
  const flags: readonly (readonly [string, string | undefined])[] = [
    ['-p', String(proxy.listenPort)],
    ['-u', String(sidecarProxyUid)],
    ['-i', traffic.includeIpRanges || undefined],
    ['-x', traffic.excludeIpRanges || undefined],
    ['-b', traffic.includeInboundPorts],
    ['-d', traffic.excludeInboundPorts || undefined],
  ];
  return flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
}

/** Core files go where the sidecar may write. */
function coreDumpContainer({ proxy, imagePullPolicy }: InjectSettings): Fields {
  return {
    args: ['-c', `sysctl -w kernel.core_pattern=${proxy.configPath}/core.%e.%p.%t && ulimit -c unlimited`],
    command: ['/bin/sh'],
    image: 'alpine',
    imagePullPolicy,
    name: 'enable-core-dump',
    resources: {},
    securityContext: { privileged: true },
  };
}

function proxyContainer(settings: InjectSettings): Fields {
  return {
    args: proxyArgs(settings),
    env: [
      fieldVariable('POD_NAME', 'metadata.name'),
      fieldVariable('POD_NAMESPACE', 'metadata.namespace'),
      fieldVariable('INSTANCE_IP', 'status.podIP'),
    ],
    image: settings.proxyImage,
    imagePullPolicy: settings.imagePullPolicy,
    name: SIDECAR_CONTAINER,
    resources: {},
    securityContext: {
      privileged: settings.debug,
      readOnlyRootFilesystem: !settings.debug,
      runAsUser: settings.sidecarProxyUid,
    },
    volumeMounts: [
      { mountPath: '/etc/istio/config', name: CONFIG_VOLUME, readOnly: true },
      { mountPath: settings.proxy.configPath, name: PROXY_VOLUME },
      { mountPath: '/etc/certs/', name: CERTIFICATE_VOLUME, readOnly: true },
    ],
  };
}

function proxyArgs({ proxy, verbosity }: InjectSettings): readonly string[] {
  return ['proxy', 'sidecar', ...(verbosity > 0 ? ['-v', String(verbosity)] : []), ...proxyFlags(proxy)];
}

function proxyFlags(proxy: ProxySettings): readonly string[] {
  return Object.entries({
    '--configPath': proxy.configPath,
    '--binaryPath': proxy.binaryPath,
    '--serviceCluster': proxy.serviceCluster,
    '--drainDuration': goDuration(proxy.drainDurationMs),
    '--parentShutdownDuration': goDuration(proxy.parentShutdownDurationMs),
    '--discoveryAddress': proxy.discoveryAddress,
    '--discoveryRefreshDelay': goDuration(proxy.discoveryRefreshDelayMs),
    '--zipkinAddress': proxy.zipkinAddress,
    '--connectTimeout': goDuration(proxy.connectTimeoutMs),
    '--statsdUdpAddress': proxy.statsdUdpAddress,
    '--proxyAdminPort': String(proxy.adminPort),
  }).flat();
}

function fieldVariable(name: string, fieldPath: string): Fields {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

function volumes(serviceAccount: string, { meshConfigMapName }: InjectSettings): readonly Fields[] {
  return [
    { configMap: { name: meshConfigMapName }, name: CONFIG_VOLUME },
    { emptyDir: { medium: 'Memory', sizeLimit: '0' }, name: PROXY_VOLUME },
    { name: CERTIFICATE_VOLUME, secret: { optional: true, secretName: `istio.${serviceAccount}` } },
  ];
}

/** A time as Go prints it: 1m0s, 2s, 500ms. */
function goDuration(ms: number): string {
  if (ms > 0 && ms < 1000) return `${ms}ms`;
  const [hours, minutes] = [Math.trunc(ms / 3_600_000), Math.trunc(ms / 60_000) % 60];
  const seconds = `${(ms % 60_000) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
