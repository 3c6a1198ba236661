// The command lines of the mesh's own programs, as this machine runs them from a checkout.
import { join } from 'node:path';
import { formatSocketAddress, type SocketAddress } from '@meltemi/base';
import type { MeshDefaultFiles } from './mesh-defaults.ts';
import type { PodIdentity } from './pod-manifest.ts';
import type { StateDirectory } from './state-directory.ts';
import { TOKEN_ISSUER } from './workload-token.ts';

/** Where the mesh's programs are: all in one directory, as sources or as a bundle. */
export interface Programs {
  readonly node: string;
  /** The checkout: what `MESH_ROOT` says to applications. */
  readonly root: string;
  readonly directory: string;
  /** `.ts` or `.js`. */
  readonly extension: string;
}

export interface ControlPlaneAddresses {
  readonly grpc: SocketAddress;
  readonly secureGrpc: SocketAddress;
  readonly http: SocketAddress;
  readonly metrics: SocketAddress;
}

/** Mixer's, and who applies its rules to requests. */
export interface MixerPlace {
  readonly api: SocketAddress;
  readonly monitoring: SocketAddress;
  /** Where its adapter prometheus is scraped. */
  readonly metrics: SocketAddress;
  /** Where its configuration is written as Istio 0.1 wrote it. */
  readonly configApi: SocketAddress;
  readonly checks: 'mixer' | 'sidecar';
}

export function mixsArgv(programs: Programs, configDirectory: string, place: MixerPlace): readonly string[] {
  return [
    programs.node,
    program(programs, 'mixs'),
    'server',
    ...flags({
      configDir: configDirectory,
      address: `tcp://${formatSocketAddress(place.api)}`,
      monitoringPort: formatSocketAddress(place.monitoring),
      prometheusPort: formatSocketAddress(place.metrics),
      configAPIPort: formatSocketAddress(place.configApi),
    }),
  ];
}

export function consoleArgv(programs: Programs, state: StateDirectory, address: SocketAddress): readonly string[] {
  return [
    programs.node,
    '--max-semi-space-size=4',
    program(programs, 'console'),
    ...flags({ state: state.stateFile, address: formatSocketAddress(address) }),
  ];
}

export interface PilotDiscoveryOptions {
  readonly programs: Programs;
  readonly configDirectory: string;
  readonly defaults: MeshDefaultFiles;
  readonly state: StateDirectory;
  readonly addresses: ControlPlaneAddresses;
  readonly mixer: MixerPlace;
  readonly workloadTtl: string;
}

/** Of V8: young objects get a few MB, and garbage is collected before the heap has doubled. */
const CONTROL_PLANE_FLAGS: readonly string[] = ['--max-semi-space-size=4', '--heap-growing-percent=40'];

export function pilotDiscoveryArgv(options: PilotDiscoveryOptions): readonly string[] {
  const { programs, configDirectory, defaults, state, addresses, mixer, workloadTtl } = options;
  return [
    programs.node,
    ...CONTROL_PLANE_FLAGS,
    program(programs, 'pilot-discovery'),
    'discovery',
    '--configDir',
    configDirectory,
    '--configDir',
    defaults.objects,
    ...flags({
      meshConfig: defaults.meshConfig,
      podsDir: state.pods,
      lastGoodDir: state.lastGood,
      caDir: state.ca,
      tokenJwks: state.tokenKeys,
      tokenIssuer: TOKEN_ISSUER,
      workloadCertTTL: workloadTtl,
      mutualTls: 'STRICT',
      loadBalancer: 'ROUND_ROBIN',
      mixerAddr: formatSocketAddress(mixer.api),
      mixerChecks: mixer.checks,
      grpcAddr: formatSocketAddress(addresses.grpc),
      secureGRPCAddr: formatSocketAddress(addresses.secureGrpc),
      httpAddr: formatSocketAddress(addresses.http),
      monitoringAddr: formatSocketAddress(addresses.metrics),
    }),
  ];
}

export interface AgentOptions {
  readonly role: 'sidecar' | 'router';
  readonly pod: PodIdentity;
  readonly directory: string;
  readonly admin: SocketAddress;
  readonly discovery: SocketAddress;
  readonly drainSeconds: number;
  /** Another program in the place of our proxy: an Envoy. */
  readonly proxy: string | undefined;
  /** Workers; 0: as many as the machine has cores; undefined: one, for a laptop has many sidecars. */
  readonly concurrency: number | undefined;
}

export function pilotAgentArgv(programs: Programs, state: StateDirectory, options: AgentOptions): readonly string[] {
  const { pod } = options;
  return [
    programs.node,
    // Young objects get a few MB, not up to 64: a laptop has many agents.
    '--max-semi-space-size=4',
    program(programs, 'pilot-agent'),
    'proxy',
    options.role,
    ...flags({
      domain: `${pod.namespace}.svc.cluster.local`,
      serviceCluster: `${pod.labels['app'] ?? pod.podName}.${pod.namespace}`,
      discoveryAddress: formatSocketAddress(options.discovery),
      discoveryRoots: join(state.ca, 'root-cert.pem'),
      tokenFile: join(options.directory, 'token'),
      configPath: options.directory,
      proxyAdminPort: String(options.admin.port),
      statusPort: '0',
      podName: pod.podName,
      podNamespace: pod.namespace,
      serviceAccount: pod.serviceAccount,
      ip: '127.0.0.1',
      labels: JSON.stringify(pod.labels),
      drainDuration: `${options.drainSeconds}s`,
      concurrency: String(options.concurrency ?? 1),
      ...(options.proxy !== undefined && { binaryPath: options.proxy }),
    }),
  ];
}

function program({ directory, extension }: Programs, name: string): string {
  return join(directory, `${name}${extension}`);
}

function flags(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
}
