// A cluster for a test: a real API server and a real istiod, and pods whose sidecars a real pilot-agent starts.
import { execFile } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  BOOTSTRAP_TEMPLATE,
  endpointSlice,
  Istiod,
  ISTIOD_HOST,
  type KubeApiserver,
  namespace,
  type PilotAgentOptions,
  pod,
  type PodFacts,
  reasonAgainstSandbox,
  redirectPod,
  runningStatus,
  type RunningAgent,
  Sandbox,
  SANDBOX_ADDRESS,
  service,
  serviceAccount,
  SIDECAR_UID,
  startKubeApiserver,
  startPilotAgent,
} from '@meltemi/testkit';
import type { AppAnswer, AppCall, LoadResult } from './istio-call.ts';
import { root } from './mesh-under-test.ts';
import { OwnControlPlane } from './own-control-plane.ts';

const PROGRAMS = {
  kubeApiserver: 'MELTEMI_REAL_KUBE_APISERVER',
  etcd: 'MELTEMI_ETCD',
  pilotDiscovery: 'MELTEMI_REAL_PILOT_DISCOVERY',
  pilotAgent: 'MELTEMI_REAL_PILOT_AGENT',
  envoy: 'MELTEMI_ENVOY',
} as const;

/** Why there can't be such a world here, or false. */
export function reasonAgainstIstio(): string | false {
  const missing = Object.values(PROGRAMS).filter((variable) => !process.env[variable]);
  return missing.length > 0 ? `no ${missing.join(', ')}` : reasonAgainstSandbox();
}

/** Whose proxy, and whose agent starts it. */
export interface Sidecar {
  readonly proxy: 'envoy' | 'meltemi';
  readonly agent: 'istio' | 'meltemi';
}

/** What tells sidecars what to do: istiod, or ours. */
export interface ControlPlane {
  /** Writes a file of rules (YAML or JSON) that it reads at once. */
  apply(name: string, text: string): void;
  remove(name: string): void;
  /** A page of its debug interface, parsed. */
  debug(page: string): Promise<unknown>;
}

export interface WorldOptions {
  /** istiod if nothing is said. */
  readonly controlPlane?: 'meltemi';

  /** The applications, each a pod of its name with its service: name → its sidecar. */
  readonly applications: Readonly<Record<string, Sidecar>>;
  readonly meshConfig?: object;
  /** Of our control plane. */
  readonly discoveryFlags?: readonly string[];
  readonly istiodEnv?: Readonly<Record<string, string>>;
  /** Files of configuration, name → YAML. */
  readonly configuration?: Readonly<Record<string, string>>;
}

interface Application {
  readonly facts: PodFacts;
  readonly agent: RunningAgent;
}

/** Where applications take the test's wishes; no sidecar is between. */
const CONTROL_PORT = 7000;
const ADMIN = 'http://127.0.0.1:15000';
const PORTS = [
  { name: 'http', port: 80, targetPort: 8080 },
  { name: 'tcp', port: 9000, targetPort: 9000 },
];

/** Without what the Envoy of PyPI lacks: Istio's own filters. */
export const FOR_STOCK_ENVOY = {
  istiodEnv: { PILOT_ENABLE_METADATA_EXCHANGE: 'false', PILOT_ENABLE_ALPN_FILTER: 'false' },
  meshConfig: { defaultProviders: { metrics: [], tracing: [], accessLogging: [] }, enablePrometheusMerge: false },
};

export class IstioWorld {
  readonly sandbox: Sandbox;
  readonly controlPlane: ControlPlane;
  /** Folder of our programs. */
  readonly #programs: string;
  readonly #applications = new Map<string, Application>();

  private constructor(sandbox: Sandbox, controlPlane: ControlPlane, programs: string) {
    this.sandbox = sandbox;
    this.controlPlane = controlPlane;
    this.#programs = programs;
  }

  /** Resolves when every sidecar is ready. */
  static async start(options: WorldOptions): Promise<IstioWorld> {
    const names = Object.keys(options.applications);
    const hosts = names.map((name, index) => [serviceAddress(index), [name, `${name}.demo`]] as const);
    const sandbox = await Sandbox.start({ [SANDBOX_ADDRESS]: [ISTIOD_HOST], ...Object.fromEntries(hosts) });
    try {
      const programs = bundledPrograms(sandbox.directory);
      const kubernetes = await startKubeApiserver(sandbox, {
        kubeApiserver: programPath('kubeApiserver'),
        etcd: programPath('etcd'),
      });
      for (const name of ['istio-system', 'demo']) await kubernetes.client.create(namespace(name));
      const controlPlane = await startControlPlane(sandbox, kubernetes, options, await programs);
      const world = new IstioWorld(sandbox, controlPlane, await programs);
      for (const [name, text] of Object.entries(options.configuration ?? {})) controlPlane.apply(name, text);
      await Promise.all(
        names.map((name, index) => world.#add(kubernetes, name, serviceAddress(index), options.applications[name]!)),
      );
      return world;
    } catch (error) {
      await sandbox.close();
      throw error;
    }
  }

  /** Has the application of a pod make a request. */
  async call(from: string, call: AppCall): Promise<AppAnswer> {
    return (await this.#control(from, '/call', call)) as AppAnswer;
  }

  /** Has it say hello on a TCP connection; the answer's body is what came back. */
  async bytes(from: string, url: string): Promise<AppAnswer> {
    return (await this.#control(from, '/bytes', { url })) as AppAnswer;
  }

  /** Has it make requests one after the other until the result is asked for. */
  async load(from: string, call: AppCall): Promise<() => Promise<LoadResult>> {
    await this.#control(from, '/load', call);
    return async () => (await this.#control(from, '/stop', call)) as LoadResult;
  }

  /** A page of the admin interface of a sidecar. */
  async admin(of: string, page: string): Promise<string> {
    const script = `fetch('${ADMIN}${page}').then((answer) => answer.text()).then((text) => process.stdout.write(text))`;
    return this.sandbox.complete({ command: [process.execPath, '-e', script], pod: of, uid: SIDECAR_UID });
  }

  address(of: string): string {
    return this.#applications.get(of)!.facts.address;
  }

  /** What the agent and the proxy of a pod have printed. */
  log(of: string): string {
    return readFileSync(this.#applications.get(of)!.agent.log, 'utf8');
  }

  async close(): Promise<void> {
    await this.sandbox.close();
  }

  async #control(from: string, path: string, call: AppCall): Promise<unknown> {
    const url = `http://${this.address(from)}:${CONTROL_PORT}${path}`;
    const { body } = await this.sandbox.fetch(url, { method: 'POST', body: JSON.stringify(call) });
    return JSON.parse(body) as unknown;
  }

  async #add({ client }: KubeApiserver, name: string, clusterIp: string, sidecar: Sidecar): Promise<void> {
    const facts = { namespace: 'demo', name, app: name, version: 'v1', address: await this.sandbox.addPod(name) };
    const serviceFacts = { namespace: 'demo', name, address: clusterIp, ports: PORTS, pods: [facts] };
    await client.create(serviceAccount('demo', name));
    await client.create(pod(facts));
    await client.replaceStatus(pod(facts), runningStatus(facts));
    await client.create(service(serviceFacts));
    await client.create(endpointSlice(serviceFacts));
    await redirectPod(this.sandbox, name, [CONTROL_PORT]);
    const app = this.sandbox.run({
      command: [process.execPath, join(import.meta.dirname, 'istio-app.ts'), name],
      pod: name,
    });
    await app.printed(/listening/);
    const agent = await startPilotAgent(this.sandbox, client, { pod: facts, ...this.#startOf(sidecar) });
    this.#applications.set(name, { facts, agent });
    await this.#ready(name, this.#applications.get(name)!);
  }

  /** How the sidecar is started. */
  #startOf({ proxy, agent }: Sidecar): Omit<PilotAgentOptions, 'pod'> {
    const proxyPath = proxy === 'envoy' ? programPath('envoy') : join(this.#programs, OWN_PROXY);
    if (agent === 'meltemi') {
      const flags = ['--statusPort', '15020', ...(proxy === 'envoy' ? ['--binaryPath', proxyPath] : [])];
      return { program: [process.execPath, join(this.#programs, 'pilot-agent.js')], flags };
    }
    const pilotAgent = programPath('pilotAgent');
    const proxyBootstrapTemplatePath = join(dirname(pilotAgent), BOOTSTRAP_TEMPLATE);
    return {
      program: [pilotAgent],
      proxyConfig: { binaryPath: proxyPath, proxyBootstrapTemplatePath },
    };
  }

  /** The agent's own probe, which asks the proxy; the agent ends with its proxy. */
  async #ready(name: string, { facts, agent }: Application): Promise<void> {
    const deadline = performance.now() + READY_DEADLINE_MS;
    for (;;) {
      const answer = await this.sandbox.fetch(`http://${facts.address}:15020/healthz/ready`).catch(() => undefined);
      if (answer?.status === 200) return;
      if (!agent.process.running || performance.now() > deadline) {
        const log = this.log(name)
          .split('\n')
          .filter((line) => !line.includes('NOT ready'))
          .slice(-LOG_LINES)
          .join('\n');
        throw new Error(`the sidecar of ${name} did not become ready:\n${log}`);
      }
      await delay(POLL_MS);
    }
  }
}

async function startControlPlane(
  sandbox: Sandbox,
  kubernetes: KubeApiserver,
  options: WorldOptions,
  programs: string,
): Promise<ControlPlane> {
  if (options.controlPlane === 'meltemi') {
    const command = [process.execPath, join(programs, 'pilot-discovery.js')] as const;
    return OwnControlPlane.start(sandbox, {
      command,
      kubeconfig: kubernetes.kubeconfig,
      ...(options.meshConfig && { meshConfig: options.meshConfig }),
      ...(options.discoveryFlags && { moreFlags: options.discoveryFlags }),
    });
  }
  return Istiod.start(sandbox, {
    program: programPath('pilotDiscovery'),
    kubeconfig: kubernetes.kubeconfig,
    ...(options.meshConfig && { meshConfig: options.meshConfig }),
    ...(options.istiodEnv && { env: options.istiodEnv }),
  });
}

/** Our programs, bundled as `./mesh` runs them, and one that takes Envoy's place. Answers with their folder. */
async function bundledPrograms(directory: string): Promise<string> {
  const programs = join(directory, 'programs');
  await promisify(execFile)(process.execPath, [join(root, 'tools/bundle.ts'), programs]);
  // Native packages stay outside of the bundle.
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  const proxy = `#!/bin/sh\nexec '${process.execPath}' '${join(programs, 'proxy.js')}' "$@"\n`;
  writeFileSync(join(programs, OWN_PROXY), proxy, { mode: 0o755 });
  return programs;
}

const OWN_PROXY = 'proxy';
const READY_DEADLINE_MS = 30_000;
const POLL_MS = 100;
/** The end of the log that the error shows. */
const LOG_LINES = 15;

function serviceAddress(index: number): string {
  return `10.96.0.${index + 10}`;
}

function programPath(program: keyof typeof PROGRAMS): string {
  return process.env[PROGRAMS[program]]!;
}
