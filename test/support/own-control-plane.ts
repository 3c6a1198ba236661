// Our pilot-discovery in a sandbox, in istiod's place: services and pods from the API server, rules from files.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Sandbox, YamlFolder } from '@meltemi/testkit';

const HTTP = '127.0.0.1:18080';
const READY_DEADLINE_MS = 20_000;
const POLL_MS = 50;

export interface OwnControlPlaneOptions {
  /** Starts pilot-discovery. */
  readonly command: readonly [string, ...string[]];
  readonly kubeconfig: string;
  readonly meshConfig?: object;
  readonly moreFlags?: readonly string[];
}

export class OwnControlPlane {
  readonly #sandbox: Sandbox;
  readonly #configuration: YamlFolder;

  private constructor(sandbox: Sandbox, configuration: string) {
    this.#sandbox = sandbox;
    this.#configuration = new YamlFolder(configuration);
  }

  /** Rejects when it is not ready in time. */
  static async start(
    sandbox: Sandbox,
    { command, kubeconfig, meshConfig = {}, moreFlags = [] }: OwnControlPlaneOptions,
  ): Promise<OwnControlPlane> {
    const directory = join(sandbox.directory, 'pilot-discovery');
    const configuration = join(directory, 'configuration');
    mkdirSync(configuration, { recursive: true });
    writeFileSync(join(directory, 'mesh.yaml'), JSON.stringify(meshConfig));
    const log = join(sandbox.directory, 'pilot-discovery.log');
    const process = sandbox.run({
      command: [...command, 'discovery', ...flags(directory, configuration, kubeconfig), ...moreFlags],
      log,
    });
    const deadline = performance.now() + READY_DEADLINE_MS;
    while ((await sandbox.fetch(`http://${HTTP}/ready`).catch(() => undefined))?.status !== 200) {
      if (!process.running || performance.now() > deadline) {
        throw new Error(`pilot-discovery did not become ready:\n${readFileSync(log, 'utf8')}`);
      }
      await delay(POLL_MS);
    }
    return new OwnControlPlane(sandbox, configuration);
  }

  apply(name: string, text: string): void {
    this.#configuration.apply(name, text);
  }

  remove(name: string): void {
    this.#configuration.remove(name);
  }

  async debug(page: string): Promise<unknown> {
    const { status, body } = await this.#sandbox.fetch(`http://${HTTP}/debug/${page}`);
    if (status !== 200) throw new Error(`pilot-discovery /debug/${page}: ${status} ${body}`);
    return JSON.parse(body) as unknown;
  }
}

function flags(directory: string, configuration: string, kubeconfig: string): readonly string[] {
  const values = {
    kubeconfig,
    configDir: configuration,
    meshConfig: join(directory, 'mesh.yaml'),
    caDir: join(directory, 'ca'),
    grpcAddr: '0.0.0.0:15010',
    secureGRPCAddr: '0.0.0.0:15012',
    httpAddr: HTTP,
    monitoringAddr: '127.0.0.1:15014',
  };
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
}
