// Starts a real Kubernetes API server over etcd in a sandbox. There are no kubelets and no controllers: tests create what those would.
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Sandbox, SANDBOX_ADDRESS } from '../sandbox/sandbox.ts';
import type { SandboxProcess } from '../sandbox/sandbox-process.ts';
import { KubeClient } from './kube-client.ts';

/** Paths of the programs. */
export interface KubernetesPrograms {
  readonly kubeApiserver: string;
  readonly etcd: string;
}

export interface KubeApiserver {
  readonly client: KubeClient;
  /** Path of a kubeconfig for a cluster administrator. */
  readonly kubeconfig: string;
  /** Kills it; its data stays. */
  stop(): Promise<void>;
  /** Starts it again after `stop`; resolves when it is ready. */
  start(): Promise<void>;
}

const SERVER = 'https://127.0.0.1:6443';
const ETCD = 'http://127.0.0.1:2379';
const TOKEN = 'admin-token';
const READY_DEADLINE_MS = 60_000;
const POLL_MS = 100;

/** Resolves when it is ready: about 5 s. It ends with the sandbox. Rejects when it is not ready in a minute. */
export async function startKubeApiserver(sandbox: Sandbox, programs: KubernetesPrograms): Promise<KubeApiserver> {
  const directory = join(sandbox.directory, 'kubernetes');
  const kubeconfig = writeClusterFiles(directory);
  await startEtcd(sandbox, programs.etcd, join(directory, 'etcd'));
  const log = join(sandbox.directory, 'kube-apiserver.log');
  const client = new KubeClient(sandbox, SERVER, TOKEN);
  let server: SandboxProcess | undefined;
  const start = async (): Promise<void> => {
    server = sandbox.run({ command: [programs.kubeApiserver, ...serverFlags(directory)], log });
    await waitUntilReady(server, client, log);
  };
  await start();
  return { client, kubeconfig, start, stop: async () => server?.stop() };
}

async function waitUntilReady(server: SandboxProcess, client: KubeClient, log: string): Promise<void> {
  const deadline = performance.now() + READY_DEADLINE_MS;
  while (!(await client.ready())) {
    if (!server.running || performance.now() > deadline) {
      throw new Error(`kube-apiserver did not become ready: see ${log}`);
    }
    await delay(POLL_MS);
  }
}

/** Its data is in memory: durable writes would take most of the time. */
async function startEtcd(sandbox: Sandbox, etcd: string, data: string): Promise<void> {
  mkdirSync(data);
  await sandbox.complete({ command: ['mount', '-t', 'tmpfs', 'tmpfs', data] });
  const addresses = ['--listen-client-urls', ETCD, '--advertise-client-urls', ETCD];
  sandbox.run({ command: [etcd, '--data-dir', data, ...addresses], log: join(sandbox.directory, 'etcd.log') });
}

/** Keys of the tokens it signs, who may do what, and the way to it. Answers with the kubeconfig's path. */
function writeClusterFiles(directory: string): string {
  mkdirSync(directory);
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(directory, 'sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }));
  writeFileSync(join(directory, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(join(directory, 'tokens.csv'), `${TOKEN},admin,1,"system:masters"\n`);
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, JSON.stringify(clusterAccess()));
  return kubeconfig;
}

function clusterAccess(): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: SERVER, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'admin', user: { token: TOKEN } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  };
}

function serverFlags(directory: string): readonly string[] {
  const flags = {
    'etcd-servers': ETCD,
    'service-account-key-file': join(directory, 'sa.pub'),
    'service-account-signing-key-file': join(directory, 'sa.key'),
    'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
    'token-auth-file': join(directory, 'tokens.csv'),
    'authorization-mode': 'RBAC',
    'bind-address': '127.0.0.1',
    'advertise-address': SANDBOX_ADDRESS,
    'secure-port': '6443',
    'cert-dir': join(directory, 'certs'),
    'service-cluster-ip-range': '10.96.0.0/12',
    'api-audiences': 'api,istio-ca',
    // Pods come without the volumes that a controller's tokens would need.
    'disable-admission-plugins': 'ServiceAccount',
  };
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}
