// The two control planes that are measured: started in one sandbox, each on files of its own; and what they cost.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Istiod, type KubeApiserver, namespace, type Sandbox, startKubeApiserver } from '@meltemi/testkit';
import { cpuMicroseconds } from '../support/cpu-time.ts';
import { component } from '../support/programs.ts';
import { type MeshSize, XdsFiles } from './xds-files.ts';

export interface ControlPlane {
  readonly name: string;
  readonly port: number;
  readonly files: XdsFiles;
  /** Seconds of CPU since it started. */
  cpu(): number;
  /** Resident memory in MiB. */
  memory(): number;
  stop(): Promise<void>;
}

export interface Start {
  readonly sandbox: Sandbox;
  readonly size: MeshSize;
}

/** As `./mesh` starts it. */
const AS_STARTED = ['--max-semi-space-size=4', '--heap-growing-percent=40'];
const OWN_PORT = 16_010;
const OWN_HTTP = '127.0.0.1:16080';
const ISTIOD_PORT = 15_010;
const READY_DEADLINE_MS = 120_000;
const POLL_MS = 100;

export type ControlPlaneStarter = (start: Start) => Promise<ControlPlane>;

/** Our pilot-discovery from a bundle; `profiles`: a folder for CPU profiles of V8. */
export function meltemi(name: string, bundle: string, profiles?: string): ControlPlaneStarter {
  return async ({ sandbox, size }) => {
    const directory = join(sandbox.directory, `${name}-${Date.now()}`);
    mkdirSync(directory);
    const files = new XdsFiles(join(directory, 'configuration'), size);
    files.writeAll();
    const profile = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`];
    const flags = ['--configDir', join(directory, 'configuration'), '--grpcAddr', `0.0.0.0:${OWN_PORT}`];
    const more = ['--httpAddr', OWN_HTTP, '--monitoringAddr', '127.0.0.1:16014', '--secureGRPCAddr', '127.0.0.1:16012'];
    const log = join(directory, 'log');
    const program = `${bundle}/pilot-discovery.js`;
    const process = sandbox.run({
      command: [globalThis.process.execPath, ...AS_STARTED, ...profile, program, 'discovery', ...flags, ...more],
      log,
      cwd: directory,
    });
    await ready(async () => {
      if (!process.running) throw new Error(`${name} ended: ${readFileSync(log, 'utf8').slice(-2000)}`);
      return (await sandbox.fetch(`http://${OWN_HTTP}/ready`).catch(() => undefined))?.status === 200;
    });
    return { name, port: OWN_PORT, files, ...costs(process.pid!), stop: () => process.stop('SIGTERM') };
  };
}

/** A real istiod beside an API server with nothing in it: all it knows is in the files. */
export function istiod(): ControlPlaneStarter {
  const kubernetes = apiserverOf();
  return async ({ sandbox, size }) => {
    const configuration = join(sandbox.directory, 'istiod', 'configuration');
    const files = new XdsFiles(configuration, size);
    files.writeAll();
    const server = await Istiod.start(sandbox, {
      program: component('MELTEMI_REAL_PILOT_DISCOVERY'),
      kubeconfig: (await kubernetes(sandbox)).kubeconfig,
      env: { PILOT_MAX_REQUESTS_PER_SECOND: '100000' },
    });
    const { cpu, memory } = costs(server.pid!);
    return { name: 'istiod', port: ISTIOD_PORT, files, cpu, memory, stop: () => server.stop() };
  };
}

/** One API server a sandbox, started when it is first asked for. */
function apiserverOf(): (sandbox: Sandbox) => Promise<KubeApiserver> {
  const started = new WeakMap<Sandbox, Promise<KubeApiserver>>();
  return (sandbox) => {
    const programs = { kubeApiserver: component('MELTEMI_REAL_KUBE_APISERVER'), etcd: component('MELTEMI_ETCD') };
    const server = started.get(sandbox) ?? startKubeApiserver(sandbox, programs).then(withRootNamespace);
    started.set(sandbox, server);
    return server;
  };
}

/** Where istiod keeps what it makes for itself. */
async function withRootNamespace(server: KubeApiserver): Promise<KubeApiserver> {
  await server.client.create(namespace('istio-system'));
  return server;
}

async function ready(is: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + READY_DEADLINE_MS;
  while (!(await is())) {
    if (performance.now() > deadline) throw new Error('not ready in time');
    await delay(POLL_MS);
  }
}

function costs(pid: number): Pick<ControlPlane, 'cpu' | 'memory'> {
  return {
    cpu: () => cpuMicroseconds(pid) / 1e6,
    memory: () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024,
  };
}
