// Our pilot-discovery in a sandbox, in istiod's place: objects and rules from files, tokens of the API server.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient, KubeObject, Sandbox } from '@meltemi/testkit';

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const HTTP = '127.0.0.1:18080';
const READY_DEADLINE_MS = 20_000;
const POLL_MS = 50;

export class OwnControlPlane {
  readonly #sandbox: Sandbox;
  readonly #configuration: string;

  private constructor(sandbox: Sandbox, configuration: string) {
    this.#sandbox = sandbox;
    this.#configuration = configuration;
  }

  /** `command`: starts pilot-discovery. Its root goes into each namespace, as istiod's does. Rejects when it is not ready in time. */
  static async start(
    sandbox: Sandbox,
    kubernetes: KubeClient,
    command: readonly [string, ...string[]],
    namespaces: readonly string[],
  ): Promise<OwnControlPlane> {
    const directory = join(sandbox.directory, 'pilot-discovery');
    const configuration = join(directory, 'configuration');
    mkdirSync(configuration, { recursive: true });
    writeFileSync(join(directory, 'jwks.json'), JSON.stringify(await kubernetes.request('GET', '/openid/v1/jwks')));
    const log = join(sandbox.directory, 'pilot-discovery.log');
    const process = sandbox.run({ command: [...command, 'discovery', ...flags(directory, configuration)], log });
    const deadline = performance.now() + READY_DEADLINE_MS;
    while ((await sandbox.fetch(`http://${HTTP}/ready`).catch(() => undefined))?.status !== 200) {
      if (!process.running || performance.now() > deadline) {
        throw new Error(`pilot-discovery did not become ready:\n${readFileSync(log, 'utf8')}`);
      }
      await delay(POLL_MS);
    }
    const root = readFileSync(join(directory, 'ca/root-cert.pem'), 'utf8');
    for (const namespace of namespaces) await kubernetes.create(rootMap(namespace, root));
    return new OwnControlPlane(sandbox, configuration);
  }

  apply(name: string, text: string): void {
    const temporary = join(this.#configuration, `${name}.tmp`);
    writeFileSync(temporary, text);
    renameSync(temporary, this.#file(name));
  }

  remove(name: string): void {
    rmSync(this.#file(name));
  }

  async debug(page: string): Promise<unknown> {
    const { status, body } = await this.#sandbox.fetch(`http://${HTTP}/debug/${page}`);
    if (status !== 200) throw new Error(`pilot-discovery /debug/${page}: ${status} ${body}`);
    return JSON.parse(body) as unknown;
  }

  #file(name: string): string {
    return join(this.#configuration, `${name}.yaml`);
  }
}

function flags(directory: string, configuration: string): readonly string[] {
  const values = {
    configDir: configuration,
    caDir: join(directory, 'ca'),
    tokenJwks: join(directory, 'jwks.json'),
    tokenIssuer: ISSUER,
    grpcAddr: '0.0.0.0:15010',
    secureGRPCAddr: '0.0.0.0:15012',
    httpAddr: HTTP,
    monitoringAddr: '127.0.0.1:15014',
  };
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
}

function rootMap(namespace: string, root: string): KubeObject {
  const metadata = { namespace, name: 'istio-ca-root-cert' };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'root-cert.pem': root } };
}
