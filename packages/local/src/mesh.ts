// Runs a whole mesh on this machine: control plane, pods with their sidecars, ingress gateway; follows the directory.
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import {
  type Clock,
  formatSocketAddress,
  type Logger,
  type Problem,
  type SocketAddress,
  type Timer,
} from '@meltemi/base';
import { type ConfigStore, type ConfigView, effectiveProxyConfig } from '@meltemi/config';
import { ConsoleProcess } from './console-process.ts';
import { ControlPlane } from './control-plane.ts';
import { rotateLog } from './log-file.ts';
import { writeMeshDefaults } from './mesh-defaults.ts';
import { type MeshStatus, readMeshState, removeMeshState, writeMeshState } from './mesh-state.ts';
import { OrphanGuard } from './orphan-guard.ts';
import { outboundServices, type Placement, placementPorts, placeServices, placeWorkload } from './placement.ts';
import { type PodHost, PodRuntime } from './pod-runtime.ts';
import { PortClaims, PortError } from './port-claims.ts';
import { portHolder } from './port-holder.ts';
import { processIdentity } from './process-identity.ts';
import { MixerProcess } from './mixer-process.ts';
import { enterMesh, removeMesh } from './running-meshes.ts';
import type { MixerPlace, Programs } from './programs.ts';
import type { StateDirectory } from './state-directory.ts';
import { createTokenIssuer, TOKEN_LIFETIME_MS, writePrivateFile } from './workload-token.ts';
import { servicePorts, type Workload, workloadsOf } from './workload.ts';

const LOOPBACK = '127.0.0.1';
/** ProxyConfigs of this namespace hold for all. */
const ROOT_NAMESPACE = 'istio-system';
const DOMAIN = 'cluster.local';
const HOUSEKEEPING_MS = 5_000;
/** Of the classic Istio ingress gateway's node port, so that its examples work as they are written. */
const DEFAULT_INGRESS: SocketAddress = { host: LOOPBACK, port: 31_380 };
const DEFAULT_CONSOLE: SocketAddress = { host: LOOPBACK, port: 15_030 };
const INGRESS_POD = {
  podName: 'istio-ingressgateway',
  namespace: 'istio-system',
  labels: { app: 'istio-ingressgateway', istio: 'ingressgateway' },
  annotations: {},
  serviceAccount: 'istio-ingressgateway-service-account',
};

export interface MeshOptions {
  readonly programs: Programs;
  readonly state: StateDirectory;
  readonly store: ConfigStore;
  readonly configDirectory: string;
  /** Exactly here, or the default address where it is free and any other where not. */
  readonly ingress: SocketAddress | undefined;
  /** As `ingress`, or none. */
  readonly console: SocketAddress | 'off' | undefined;
  /** Directory that all meshes of this machine share for claims of ports. */
  readonly claimsDirectory: string;
  /** Lifetime of the workloads' certificates, as Go writes durations. */
  readonly workloadTtl: string;
  readonly drainSeconds: number;
  /** The program that sidecars and the gateway run: ours, unless one is named. */
  readonly proxy: string | undefined;
  /** Who applies Mixer's rules to requests. */
  readonly mixerChecks: MixerPlace['checks'];
  readonly inherited: Readonly<Record<string, string>>;
  readonly pid: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The mesh can't start. */
export class MeshError extends Error {
  readonly code: 'ALREADY_RUNNING' | 'PORT_TAKEN';

  constructor(code: MeshError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MeshError';
    this.code = code;
  }
}

interface MeshEvents {
  /** What is waited for, for people. */
  progress: [step: string];
  /** The state directory is gone: there is no way left to tell this mesh anything. */
  lost: [];
  changed: [];
}

/** One running mesh. `up` resolves when everything answers; `down` leaves nothing behind. */
export class Mesh extends EventEmitter<MeshEvents> {
  readonly #options: MeshOptions;
  readonly #claims: PortClaims;
  readonly #guard = new OrphanGuard();
  readonly #pods = new Map<string, PodRuntime>();
  #controlPlane!: ControlPlane;
  #mixer!: MixerProcess;
  #console: ConsoleProcess | undefined;
  #gateway!: PodRuntime;
  #host!: PodHost;
  #housekeeping: Timer | undefined;
  #tokensRenewedAt = 0;
  #problems: readonly Problem[] = [];
  #reconciling: Promise<void> = Promise.resolve();
  #watch: { close(): void } | undefined;
  #stopping = false;
  /** The state file is this mesh's: a second one in the same directory must not touch it. */
  #ownsState = false;

  constructor(options: MeshOptions) {
    super();
    this.#options = options;
    const seed = createHash('sha256').update(options.state.root).digest().readUInt16BE(0);
    this.#claims = new PortClaims(options.claimsDirectory, options.pid, seed);
  }

  /** What is wrong with the directory's Deployments; other kinds are the control plane's to judge. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** Starts everything. Throws `MeshError` when a mesh runs here already or an address is taken. */
  async up(): Promise<void> {
    this.#refuseSecond();
    this.#ownsState = true;
    const ingress = await this.#claim('ingress', this.#options.ingress, DEFAULT_INGRESS);
    await this.#startControlPlane();
    await this.#startConsole();
    await this.#startGateway(ingress);
    await this.#reconcile(this.#options.store.view());
    this.#watch = this.#options.store.watch((view) => this.#follow(view));
    this.#keepHouse();
    this.#writeState();
    enterMesh(this.#options.programs.root, this.#options.pid, this.#options.state.stateFile);
  }

  /** Resolves once every part is ready, or fails and fails again. Rejects when the signal aborts. */
  async whenSettled(signal: AbortSignal): Promise<void> {
    while (!this.#settled()) {
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const abort = () => reject(signal.reason as Error);
        signal.addEventListener('abort', abort, { once: true });
        this.once('changed', () => {
          signal.removeEventListener('abort', abort);
          resolve();
        });
      });
    }
  }

  /** What is not ready yet, by name. */
  waitingFor(): readonly string[] {
    if (!this.#controlPlane.ready) return ['pilot-discovery'];
    return [this.#gateway, ...this.#pods.values()].filter((pod) => !pod.ready).map((pod) => pod.name);
  }

  /** Drains the gateway, then the pods, then ends the control plane. */
  async down(): Promise<void> {
    this.#stopping = true;
    this.#watch?.close();
    this.#housekeeping?.cancel();
    await this.#reconciling.catch(() => {});
    const graceMs = this.#options.drainSeconds * 1000 + 2_000;
    await this.#gateway?.stop(graceMs);
    await Promise.all([...this.#pods.values()].map((pod) => pod.stop(graceMs)));
    await Promise.all([this.#controlPlane?.stop(2_000), this.#mixer?.stop(2_000), this.#console?.stop(2_000)]);
    await this.#end();
  }

  /** Ends everything at once. */
  async kill(): Promise<void> {
    this.#stopping = true;
    for (const pod of [this.#gateway, ...this.#pods.values()]) pod?.kill();
    this.#controlPlane?.kill();
    this.#mixer?.kill();
    this.#console?.kill();
    await this.#end();
  }

  status(): MeshStatus {
    const { addresses } = this.#controlPlane;
    const ports = this.#gateway.placement.gateway ?? {};
    return {
      workloads: [...this.#pods.values()].map((pod) => pod.status()),
      ingress: {
        url: `http://${ports[80]}`,
        ports,
        pid: this.#gateway.proxyPid,
        admin: formatSocketAddress(this.#gateway.admin),
      },
      controlPlane: {
        pid: this.#controlPlane.pid,
        grpc: formatSocketAddress(addresses.grpc),
        secureGrpc: formatSocketAddress(addresses.secureGrpc),
        http: formatSocketAddress(addresses.http),
        metrics: formatSocketAddress(addresses.metrics),
      },
      console: this.#console ? `http://${formatSocketAddress(this.#console.address)}` : '',
      configDirectory: this.#options.configDirectory,
      stateDirectory: this.#options.state.root,
    };
  }

  #settled(): boolean {
    const pods = [...this.#pods.values()];
    return this.#controlPlane.ready && this.#gateway.ready && pods.every((pod) => pod.ready || pod.failing);
  }

  #refuseSecond(): void {
    const running = readMeshState(this.#options.state.stateFile);
    if (!running) return;
    throw new MeshError(
      'ALREADY_RUNNING',
      `a mesh runs here already (pid ${running.supervisor.pid}, ${running.status.ingress.url}): end it with ./mesh down`,
    );
  }

  /** Exactly what was wanted, else what is usual or any. */
  async #claim(what: string, wanted: SocketAddress | undefined, usual: SocketAddress): Promise<SocketAddress> {
    if (!wanted) return this.#claims.preferably(usual);
    try {
      return await this.#claims.exactly(wanted);
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      const holder = portHolder(wanted.port);
      const by = holder ? ` by process ${holder.pid} (${holder.command})` : '';
      throw new MeshError('PORT_TAKEN', `the ${what} address ${formatSocketAddress(wanted)} is taken${by}`, {
        cause: error,
      });
    }
  }

  async #startConsole(): Promise<void> {
    const { console, programs, state, inherited, clock, logger } = this.#options;
    if (console === 'off') return;
    const address = await this.#claim('console', console, DEFAULT_CONSOLE);
    this.#console = new ConsoleProcess({ programs, state, address, inherited }, clock, logger, this.#guard);
  }

  async #startControlPlane(): Promise<void> {
    this.emit('progress', 'control plane');
    const { state, programs, clock, logger } = this.#options;
    const tokens = await createTokenIssuer();
    writePrivateFile(state.tokenKeys, tokens.keySet);
    const addresses = {
      grpc: await this.#claims.preferably({ host: LOOPBACK, port: 15_010 }),
      secureGrpc: await this.#claims.preferably({ host: LOOPBACK, port: 15_012 }),
      http: await this.#claims.preferably({ host: LOOPBACK, port: 8080 }),
      metrics: await this.#claims.preferably({ host: LOOPBACK, port: 15_014 }),
    };
    const { configDirectory, workloadTtl, inherited } = this.#options;
    const mixer = {
      api: await this.#claims.preferably({ host: LOOPBACK, port: 9091 }),
      monitoring: await this.#claims.preferably({ host: LOOPBACK, port: 9093 }),
      metrics: await this.#claims.any(),
      configApi: await this.#claims.preferably({ host: LOOPBACK, port: 9094 }),
      checks: this.#options.mixerChecks,
    };
    this.#mixer = new MixerProcess(
      { programs, configDirectory, state, place: mixer, inherited },
      clock,
      logger,
      this.#guard,
    );
    const defaults = writeMeshDefaults(state, {
      metrics: this.#options.proxy === undefined,
      taps: this.#options.console !== 'off',
    });
    const options = { programs, configDirectory, defaults, state, addresses, mixer, workloadTtl, inherited };
    this.#controlPlane = new ControlPlane(options, clock, logger, this.#guard);
    this.#controlPlane.on('changed', () => this.#changed());
    this.#host = {
      programs,
      state,
      clock,
      logger,
      guard: this.#guard,
      tokens,
      inherited,
      discovery: addresses.secureGrpc,
      drainSeconds: this.#options.drainSeconds,
      proxy: this.#options.proxy,
      proxyConfig: (pod) =>
        effectiveProxyConfig(this.#options.store.view().objects('ProxyConfig'), {
          ...pod,
          rootNamespace: ROOT_NAMESPACE,
        }),
    };
    this.#tokensRenewedAt = clock.now();
    this.#controlPlane.start();
  }

  async #startGateway(ingress: SocketAddress): Promise<void> {
    const placement: Placement = { gateway: { 80: formatSocketAddress(ingress) } };
    const identity = { name: 'istio-ingressgateway', pod: INGRESS_POD };
    this.#gateway = new PodRuntime(this.#host, identity, placement, await this.#claims.any());
    this.#gateway.on('changed', () => this.#changed());
    await this.#gateway.prepare();
    this.#whenControlPlaneReady(() => this.#gateway.startSidecar());
  }

  #follow(view: ConfigView): void {
    this.#reconciling = this.#reconciling
      .then(() => (this.#stopping ? undefined : this.#reconcile(view)))
      .catch((error: unknown) => this.#options.logger.error(`following the directory failed: ${String(error)}`));
  }

  /** Brings what runs in line with the Deployments and Services of the directory. */
  async #reconcile(view: ConfigView): Promise<void> {
    this.#mixer.follow(view);
    const services = view.objects('Service');
    const ports = servicePorts(services, DOMAIN);
    const { workloads, problems } = workloadsOf(view.objects('Deployment'), services);
    this.#problems = problems;
    for (const problem of problems) this.#options.logger.warn(problem.message);
    const wanted = new Map(workloads.map((workload) => [`${workload.podName}.${workload.namespace}`, workload]));
    const gone = [...this.#pods].filter(([key]) => !wanted.has(key));
    for (const [, pod] of this.#pods) pod.replace(await placeServices(pod.placement, ports, this.#claims));
    for (const [key, workload] of wanted) if (!this.#pods.has(key)) await this.#startPod(key, workload, ports);
    await this.#placeGatewayPorts(view);
    for (const [key, pod] of gone) this.#retire(key, pod);
    this.#changed();
  }

  async #startPod(key: string, workload: Workload, ports: ReturnType<typeof servicePorts>): Promise<void> {
    this.emit('progress', workload.name);
    const placement = await placeWorkload(workload, ports, this.#claims);
    const identity = { name: workload.name, pod: workload, workload };
    const pod = new PodRuntime(this.#host, identity, placement, await this.#claims.any());
    pod.on('changed', () => this.#changed());
    this.#pods.set(key, pod);
    await pod.prepare();
    pod.startApplication(ports);
    this.#whenControlPlaneReady(() => pod.startSidecar());
  }

  /** The pod leaves the registry at once and ends after a drain; its ports come back then. */
  #retire(key: string, pod: PodRuntime): void {
    this.#pods.delete(key);
    pod.withdraw();
    void pod
      .stop(this.#options.drainSeconds * 1000 + 2_000)
      .then(() => this.#claims.release([...placementPorts(pod.placement), pod.admin.port]))
      .catch((error: unknown) => this.#options.logger.error(`ending ${pod.name} failed: ${String(error)}`));
  }

  /** Server ports of Gateways beyond the first get addresses of their own. */
  async #placeGatewayPorts(view: ConfigView): Promise<void> {
    const gateway: Record<string, string> = { ...this.#gateway.placement.gateway };
    const missing = view.gateways
      .flatMap((resource) => resource.spec.servers ?? [])
      .map((server) => String(server.port?.number))
      .filter((port) => !(port in gateway));
    for (const port of new Set(missing)) gateway[port] = formatSocketAddress(await this.#claims.any());
    if (missing.length > 0) this.#gateway.replace({ gateway });
  }

  /** Agents need the root certificate that the control plane makes on its first start. */
  #whenControlPlaneReady(start: () => void): void {
    if (this.#controlPlane.ready) start();
    else this.#controlPlane.once('ready', start);
  }

  #keepHouse(): void {
    this.#housekeeping = this.#options.clock.after(HOUSEKEEPING_MS, () => this.#keepHouse());
    if (!existsSync(this.#options.state.root)) return void this.emit('lost');
    const pods = [this.#gateway, ...this.#pods.values()];
    const own = [this.#controlPlane, this.#mixer, ...(this.#console ? [this.#console] : [])];
    for (const file of [...own.map(({ logFile }) => logFile), ...pods.flatMap((pod) => pod.logFiles())])
      rotateLog(file);
    if (this.#options.clock.now() - this.#tokensRenewedAt < TOKEN_LIFETIME_MS / 2) return;
    this.#tokensRenewedAt = this.#options.clock.now();
    for (const pod of pods) void pod.renewToken().catch((error: unknown) => this.#options.logger.error(String(error)));
  }

  #changed(): void {
    if (this.#gateway && !this.#stopping) this.#reportState();
    this.emit('changed');
  }

  /** A full disk must not end a mesh that runs. */
  #reportState(): void {
    try {
      this.#writeState();
    } catch (error) {
      this.#options.logger.error(`the state file can't be written: ${String(error)}`);
    }
  }

  #writeState(): void {
    const pods = [...this.#pods.values()];
    writeMeshState(this.#options.state, {
      supervisor: processIdentity(this.#options.pid),
      status: this.status(),
      problems: this.#problems,
      environments: Object.fromEntries(pods.map((pod) => [pod.name, pod.environment])),
      outbound: Object.fromEntries(pods.map((pod) => [pod.name, outboundServices(pod.placement)])),
    });
  }

  async #end(): Promise<void> {
    await this.#guard.close();
    this.#claims.close();
    if (!this.#ownsState) return;
    removeMesh(this.#options.programs.root, this.#options.pid);
    removeMeshState(this.#options.state);
  }
}
