// One pod on this machine: its directory and token, its sidecar's agent, its application, and what it looks like from outside.
import { EventEmitter } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Clock, formatSocketAddress, type Logger, parseSocketAddress, type SocketAddress } from '@meltemi/base';
import type { DefaultProxyConfig } from '@meltemi/config';
import { applicationCommand, type Command } from './application-environment.ts';
import type { WorkloadPhase, WorkloadStatus } from './mesh-state.ts';
import type { OrphanGuard } from './orphan-guard.ts';
import type { Placement } from './placement.ts';
import { proxyEnvironment } from './proxy-environment.ts';
import { type PodIdentity, podManifest } from './pod-manifest.ts';
import { pilotAgentArgv, type Programs } from './programs.ts';
import type { StateDirectory } from './state-directory.ts';
import { type ProcessSpec, SupervisedProcess } from './supervised-process.ts';
import { type TokenIssuer, writePrivateFile } from './workload-token.ts';
import type { ServicePort, Workload } from './workload.ts';

/** What every pod of a mesh shares. */
export interface PodHost {
  readonly programs: Programs;
  readonly state: StateDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly guard: OrphanGuard;
  readonly tokens: TokenIssuer;
  readonly inherited: Readonly<Record<string, string>>;
  readonly discovery: SocketAddress;
  readonly drainSeconds: number;
  readonly proxy: string | undefined;
  /** How the proxy of a pod is started; asked each time that it is. */
  readonly proxyConfig: (pod: PodIdentity) => DefaultProxyConfig;
}

/** After so many the pod counts as failing. */
const FAILING_RESTARTS = 3;

/** Messages of pilot-agent over its channel. */
interface AgentMessage {
  readonly ready?: boolean;
  readonly proxy?: { readonly pid: number };
}

/** Emits `changed` whenever `status` would tell something new. */
export class PodRuntime extends EventEmitter<{ changed: [] }> {
  readonly name: string;
  readonly pod: PodIdentity;
  readonly #workload: Workload | undefined;
  readonly #host: PodHost;
  readonly #admin: SocketAddress;
  readonly #directory: string;
  readonly #createdAt: string;
  #placement: Placement;
  #agent: SupervisedProcess | undefined;
  #application: SupervisedProcess | undefined;
  #command: Command | undefined;
  #proxyPid = 0;
  #sidecarReady = false;
  #applicationReady = false;

  /** A pod without a workload is a gateway: it has a proxy only. */
  constructor(
    host: PodHost,
    identity: { readonly name: string; readonly pod: PodIdentity; readonly workload?: Workload },
    placement: Placement,
    admin: SocketAddress,
  ) {
    super();
    this.name = identity.name;
    this.pod = identity.pod;
    this.#workload = identity.workload;
    this.#host = host;
    this.#admin = admin;
    this.#placement = placement;
    this.#directory = join(host.state.workloads, `${identity.pod.podName}.${identity.pod.namespace}`);
    this.#createdAt = new Date(host.clock.now()).toISOString();
  }

  get placement(): Placement {
    return this.#placement;
  }

  get admin(): SocketAddress {
    return this.#admin;
  }

  get proxyPid(): number {
    return this.#proxyPid;
  }

  get environment(): Readonly<Record<string, string>> {
    return this.#command?.env ?? {};
  }

  get ready(): boolean {
    return this.#sidecarReady && (this.#applicationReady || !this.#workload);
  }

  /** Its application ends each time soon after it starts: to wait for it is in vain. */
  get failing(): boolean {
    return !this.#applicationReady && (this.#application?.restarts ?? 0) >= FAILING_RESTARTS;
  }

  /** Writes the token and the Pod, so that the control plane and the agent find them. */
  async prepare(): Promise<void> {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    await this.renewToken();
    this.#writePod();
  }

  async renewToken(): Promise<void> {
    const token = await this.#host.tokens.issue(this.pod, this.#host.clock.now());
    writePrivateFile(join(this.#directory, 'token'), token);
  }

  /** Takes addresses for new services; the running application's environment stays as it started. */
  replace(placement: Placement): void {
    if (placement === this.#placement) return;
    this.#placement = placement;
    this.#writePod();
  }

  startApplication(services: readonly ServicePort[]): void {
    if (!this.#workload) return;
    this.#command = applicationCommand(this.#workload, this.#placement, services, {
      inherited: this.#host.inherited,
      root: this.#host.programs.root,
    });
    const spec = this.#spec('app', this.#command.argv, this.#command.env, this.#workingDirectory(), false);
    this.#application = this.#supervise(spec);
    this.#application.on('started', () => this.#awaitApplication());
    this.#application.on('restarting', () => void (this.#applicationReady = false));
    this.#application.start();
  }

  startSidecar(): void {
    const proxyConfig = this.#host.proxyConfig(this.pod);
    const argv = pilotAgentArgv(this.#host.programs, this.#host.state, {
      role: this.#workload ? 'sidecar' : 'router',
      pod: this.pod,
      directory: this.#directory,
      admin: this.#admin,
      discovery: this.#host.discovery,
      drainSeconds: this.#host.drainSeconds,
      proxy: this.#host.proxy,
      concurrency: proxyConfig.concurrency,
    });
    const environment = { ...this.#host.inherited, ...proxyEnvironment(this.pod, proxyConfig) };
    this.#agent = this.#supervise(this.#spec('proxy', argv, environment, this.#directory, true));
    this.#agent.on('message', (message) => this.#heard(message as AgentMessage));
    this.#agent.on('restarting', () => {
      this.#proxyPid = 0;
      this.#sidecarReady = false;
    });
    this.#agent.start();
  }

  /** Drains the sidecar, then ends the application, so that requests on their way still find it. */
  async stop(graceMs: number): Promise<void> {
    await this.#agent?.stop(graceMs);
    await this.#application?.stop(graceMs);
    rmSync(this.#podFile(), { force: true });
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Takes the pod out of the registry while it still runs. */
  withdraw(): void {
    rmSync(this.#podFile(), { force: true });
  }

  kill(): void {
    this.#agent?.kill();
    this.#application?.kill();
  }

  logFiles(): readonly string[] {
    return [this.#logFile('app'), this.#logFile('proxy')];
  }

  status(): WorkloadStatus {
    const [first] = Object.values(this.#placement.inbound ?? {});
    return {
      name: this.name,
      namespace: this.pod.namespace,
      service: this.#workload?.service ?? '',
      version: this.#workload?.version ?? '',
      pid: this.#application?.pid ?? 0,
      address: first?.app ?? '',
      sidecar: {
        pid: this.#proxyPid,
        admin: formatSocketAddress(this.#admin),
        inbound: first?.listen ?? '',
        httpProxy: this.#placement.httpProxy ?? '',
      },
      pod: this.pod.podName,
      phase: this.#phase(),
      restarts: this.#application?.restarts ?? 0,
    };
  }

  #phase(): WorkloadPhase {
    if (this.ready) return 'running';
    return this.#application && this.#application.restarts > 0 ? 'restarting' : 'starting';
  }

  #heard(message: AgentMessage): void {
    if (message.proxy) this.#proxyPid = message.proxy.pid;
    if (message.ready !== undefined) this.#sidecarReady = message.ready;
    this.emit('changed');
  }

  /** Ready when the first port accepts a connection; an application without a port is ready when it runs. */
  #awaitApplication(): void {
    const [first] = Object.values(this.#placement.inbound ?? {});
    const address = parseSocketAddress(first?.app ?? '');
    const pid = this.#application?.pid;
    const probe = () => {
      if (this.#application?.pid !== pid) return;
      if (!address) return this.#applicationIsReady();
      const socket = connect(address.port, address.host);
      socket.once('connect', () => {
        socket.destroy();
        this.#applicationIsReady();
      });
      socket.once('error', () => void this.#host.clock.after(25, probe));
    };
    probe();
  }

  #applicationIsReady(): void {
    this.#applicationReady = true;
    this.emit('changed');
  }

  #supervise(spec: ProcessSpec): SupervisedProcess {
    const supervised = new SupervisedProcess(spec, this.#host.clock, this.#host.logger, this.#host.guard);
    supervised.on('started', () => this.emit('changed'));
    supervised.on('restarting', () => this.emit('changed'));
    return supervised;
  }

  #spec(
    part: 'app' | 'proxy',
    argv: readonly string[],
    env: Readonly<Record<string, string>>,
    cwd: string,
    channel: boolean,
  ): ProcessSpec {
    return { name: `${this.name} ${part}`, argv, env, cwd, logFile: this.#logFile(part), channel };
  }

  #logFile(part: 'app' | 'proxy'): string {
    const suffix = this.pod.namespace === 'default' ? '' : `.${this.pod.namespace}`;
    return join(this.#host.state.logs, `${this.name}${suffix}.${part}.log`);
  }

  #workingDirectory(): string {
    const declared = join(this.#workload!.sourceFile, '..');
    const { workingDir } = this.#workload!.container;
    return workingDir === undefined ? declared : join(workingDir.startsWith('/') ? '' : declared, workingDir);
  }

  #podFile(): string {
    return join(this.#host.state.pods, `${this.pod.podName}.${this.pod.namespace}.yaml`);
  }

  #writePod(): void {
    writePrivateFile(this.#podFile(), podManifest(this.pod, this.#placement, this.#createdAt));
  }
}
