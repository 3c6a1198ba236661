// Starts a real istiod in a sandbox: services and pods from the API server, Istio's configuration from files.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { SandboxProcess } from '../sandbox/sandbox-process.ts';
import { YamlFolder } from '../yaml-folder.ts';

export interface IstiodOptions {
  /** Path of pilot-discovery. */
  readonly program: string;
  readonly kubeconfig: string;
  /** MeshConfig, over istiod's own defaults. */
  readonly meshConfig?: object;
  /** Environment variables, over those that a single istiod needs. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Under this name sidecars reach it; it goes into the sandbox's hosts. */
export const ISTIOD_HOST = 'istiod.istio-system.svc';
/** Port of xDS and the certificate authority, over TLS. */
export const ISTIOD_PORT = 15012;
const READY = 'http://127.0.0.1:18080/ready';
const MONITORING = 'http://127.0.0.1:15014';
const READY_DEADLINE_MS = 60_000;
const POLL_MS = 50;

/** One that serves; it ends with its sandbox. */
export class Istiod {
  readonly #sandbox: Sandbox;
  readonly #process: SandboxProcess;
  readonly #configuration: YamlFolder;

  private constructor(sandbox: Sandbox, process: SandboxProcess, configuration: string) {
    this.#sandbox = sandbox;
    this.#process = process;
    this.#configuration = new YamlFolder(configuration);
  }

  /** Resolves when it is ready: about 2 s. Rejects when it is not ready in a minute. */
  static async start(sandbox: Sandbox, options: IstiodOptions): Promise<Istiod> {
    const directory = join(sandbox.directory, 'istiod');
    const configuration = join(directory, 'configuration');
    mkdirSync(configuration, { recursive: true });
    const meshFile = join(directory, 'mesh.yaml');
    writeFileSync(meshFile, JSON.stringify(options.meshConfig ?? {}));
    const log = join(sandbox.directory, 'istiod.log');
    const command = [options.program, 'discovery', ...flags(options.kubeconfig, configuration, meshFile)] as const;
    const process = sandbox.run({ command, log, env: { ...ENVIRONMENT, ...options.env }, cwd: directory });
    const deadline = performance.now() + READY_DEADLINE_MS;
    while (!(await answersOk(sandbox))) {
      if (!process.running || performance.now() > deadline) throw new Error(`istiod did not become ready: see ${log}`);
      await delay(POLL_MS);
    }
    return new Istiod(sandbox, process, configuration);
  }

  /** Of its process. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Writes a file of objects (YAML or JSON) that it reads at once; `name` is the file's. */
  apply(name: string, text: string): void {
    this.#configuration.apply(name, text);
  }

  remove(name: string): void {
    this.#configuration.remove(name);
  }

  /** A page of its debug interface, parsed, such as `syncz`. */
  async debug(page: string): Promise<unknown> {
    const { status, body } = await this.#sandbox.fetch(`${MONITORING}/debug/${page}`);
    if (status !== 200) throw new Error(`istiod /debug/${page}: ${status} ${body}`);
    return JSON.parse(body) as unknown;
  }

  /** Its own metrics, as Prometheus reads them. */
  async metrics(): Promise<string> {
    return (await this.#sandbox.fetch(`${MONITORING}/metrics`)).body;
  }

  async stop(): Promise<void> {
    await this.#process.stop('SIGTERM');
  }
}

const ENVIRONMENT = {
  POD_NAMESPACE: 'istio-system',
  POD_NAME: 'istiod-0',
  PILOT_ENABLE_ANALYSIS: 'false',
  // There are no webhooks to keep in order.
  VALIDATION_WEBHOOK_CONFIG_NAME: '',
  INJECTION_WEBHOOK_CONFIG_NAME: '',
};

function flags(kubeconfig: string, configuration: string, meshFile: string): readonly string[] {
  const values = {
    kubeconfig,
    configDir: configuration,
    meshConfig: meshFile,
    networksConfig: '/nonexistent',
    grpcAddr: ':15010',
    secureGRPCAddr: `:${ISTIOD_PORT}`,
    httpAddr: '127.0.0.1:18080',
    httpsAddr: '127.0.0.1:15017',
    monitoringAddr: '127.0.0.1:15014',
    ctrlz_port: '0',
    // Clients on a busy machine answer late.
    keepaliveTimeout: '2m',
  };
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}

async function answersOk(sandbox: Sandbox): Promise<boolean> {
  const answer = await sandbox.fetch(READY).catch(() => undefined);
  return answer?.status === 200;
}
