// A mesh of a trust domain of its own in a sandbox: our control plane from files, and machines that join it by one-time tokens.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@meltemi/base';
import { createJoinToken, openCertificateAuthority } from '@meltemi/identity';
import {
  ISTIOD_HOST,
  redirectPod,
  type Sandbox,
  SANDBOX_ADDRESS,
  type SandboxProcess,
  SIDECAR_UID,
} from '@meltemi/testkit';
import { answerOf } from './answer-of.ts';
import type { AppAnswer, AppCall } from './istio-call.ts';
import { root } from './mesh-under-test.ts';

/** Where the application of a machine takes the test's wishes. */
const CONTROL_PORT = 7000;
const TOKEN_LIFE_MS = 3_600_000;
/** Of programs that start together on a busy machine. */
const READY_DEADLINE_MS = 120_000;
/** The end of the log that an error shows. */
const LOG_LINES = 15;
/** Where a control plane serves, after its first port. */
const PORT = { grpc: 0, secure: 1, http: 2, metrics: 3, bundle: 4 } as const;

export interface TrustDomainOptions {
  /** Knows the control plane by its name. */
  readonly sandbox: Sandbox;
  readonly name: string;
  /** Five ports from here are its own. */
  readonly firstPort: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface AgentStart {
  readonly machine: string;
  readonly folder: string;
  readonly address: string;
  readonly token: string;
  readonly moreFlags?: readonly string[];
}

export interface Machine {
  readonly name: string;
  readonly address: string;
  /** Of the agent and its proxy. */
  readonly agent: SandboxProcess;
  readonly log: string;
}

export class TrustDomain {
  readonly name: string;
  readonly directory: string;
  /** Where its roots are served. */
  readonly bundleUrl: string;
  readonly #sandbox: Sandbox;
  readonly #options: TrustDomainOptions;

  private constructor(options: TrustDomainOptions) {
    this.#options = options;
    this.#sandbox = options.sandbox;
    this.name = options.name;
    this.directory = join(options.sandbox.directory, options.name);
    this.bundleUrl = `https://${ISTIOD_HOST}:${this.#port('bundle')}/`;
    mkdirSync(join(this.directory, 'config'), { recursive: true });
  }

  /** Its root is made, nothing runs. */
  static async make(options: TrustDomainOptions): Promise<TrustDomain> {
    const made = new TrustDomain(options);
    const directory = join(made.directory, 'ca');
    await openCertificateAuthority({ directory, trustDomain: options.name, clock: systemClock() });
    return made;
  }

  get roots(): string {
    return readFileSync(join(this.directory, 'ca/root-cert.pem'), 'utf8');
  }

  get controlPlaneLog(): string {
    return readFileSync(join(this.directory, 'discovery.log'), 'utf8');
  }

  /** Resolves when it is ready. */
  async start(meshConfig: object): Promise<void> {
    const { directory } = this;
    const mesh = join(directory, 'mesh.yaml');
    writeFileSync(mesh, JSON.stringify({ trustDomain: this.name, ...meshConfig }));
    const flags = {
      configDir: join(directory, 'config'),
      meshConfig: mesh,
      caDir: join(directory, 'ca'),
      grpcAddr: `0.0.0.0:${this.#port('grpc')}`,
      secureGRPCAddr: `0.0.0.0:${this.#port('secure')}`,
      httpAddr: `127.0.0.1:${this.#port('http')}`,
      monitoringAddr: `127.0.0.1:${this.#port('metrics')}`,
      bundleAddr: `${SANDBOX_ADDRESS}:${this.#port('bundle')}`,
      jwksAllowedRanges: '10.88.0.0/16',
    };
    const command = [process.execPath, join(root, 'bin/pilot-discovery.ts'), 'discovery'] as const;
    const words = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    const { env } = this.#options;
    this.#sandbox.run({ command: [...command, ...words], log: join(directory, 'discovery.log'), ...(env && { env }) });
    const url = `http://127.0.0.1:${this.#port('http')}/ready`;
    await answerOf(async () => (await this.#sandbox.fetch(url)).status === 200, READY_DEADLINE_MS);
  }

  /** Writes a file of objects that it reads at once. */
  apply(name: string, text: string): void {
    const path = join(this.directory, 'config', name);
    writeFileSync(`${path}.tmp`, text);
    renameSync(`${path}.tmp`, `${path}.yaml`);
  }

  /** Of a machine of namespace `demo`; opens once. */
  joinToken(serviceAccount: string): Promise<string> {
    const identity = { trustDomain: this.name, namespace: 'demo', serviceAccount };
    return createJoinToken(join(this.directory, 'ca'), { identity, ttlMs: TOKEN_LIFE_MS, now: Date.now() });
  }

  /** Adds a host with an application, whose traffic goes through a sidecar. The agent starts with this token. */
  async addMachine(name: string, token: string, moreFlags: readonly string[] = []): Promise<Machine> {
    const address = await this.#sandbox.addPod(name);
    await redirectPod(this.#sandbox, name, [CONTROL_PORT]);
    const script = join(import.meta.dirname, 'istio-app.ts');
    const app = this.#sandbox.run({ command: [process.execPath, script, name], pod: name });
    await app.printed(/listening/);
    return { name, address, ...(await this.startAgent({ machine: name, folder: name, address, token, moreFlags })) };
  }

  /** A further agent on a machine; `folder` is its own. */
  async startAgent({ machine, folder, address, token, moreFlags = [] }: AgentStart) {
    const directory = join(this.directory, `machine-${folder}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'root-cert.pem'), this.roots);
    writeFileSync(join(directory, 'token'), token);
    const log = join(directory, 'agent.log');
    writeFileSync(log, '');
    await this.#sandbox.complete({ command: ['chown', '-R', `${SIDECAR_UID}:${SIDECAR_UID}`, directory] });
    const flags = {
      discoveryAddress: `${SANDBOX_ADDRESS}:${this.#port('secure')}`,
      discoveryRoots: join(directory, 'root-cert.pem'),
      tokenFile: join(directory, 'token'),
      configPath: join(directory, 'proxy'),
      trustDomain: this.name,
      podName: folder,
      podNamespace: 'demo',
      serviceAccount: machine,
      ip: address,
      labels: JSON.stringify({ app: machine }),
      statusPort: '15020',
      concurrency: '1',
    };
    const command = [process.execPath, join(root, 'bin/pilot-agent.ts'), 'proxy', 'sidecar'] as const;
    const words = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
    const env = { ISTIO_META_INTERCEPTION_MODE: 'REDIRECT' };
    const agent = this.#sandbox.run({
      command: [...command, ...words, ...moreFlags],
      pod: machine,
      uid: SIDECAR_UID,
      cwd: directory,
      log,
      env,
    });
    return { agent, log };
  }

  /** Resolves when the sidecar has its certificate and configuration. */
  async ready({ name, address, log }: Machine): Promise<void> {
    const url = `http://${address}:15020/healthz/ready`;
    const ready = answerOf(async () => (await this.#sandbox.fetch(url)).status === 200, READY_DEADLINE_MS);
    await ready.catch((cause: unknown) => {
      const words = readFileSync(log, 'utf8').split('\n').slice(-LOG_LINES).join('\n');
      throw new Error(`the sidecar of ${name} did not become ready:\n${words}`, { cause });
    });
  }

  /** Has the application of a machine make a request. */
  async call({ address }: Machine, call: AppCall): Promise<AppAnswer> {
    const url = `http://${address}:${CONTROL_PORT}/call`;
    const { body } = await this.#sandbox.fetch(url, { method: 'POST', body: JSON.stringify(call) });
    return JSON.parse(body) as AppAnswer;
  }

  #port(of: keyof typeof PORT): number {
    return this.#options.firstPort + PORT[of];
  }
}
