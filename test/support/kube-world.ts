// A real API server for a test, reached through a cable that can be cut, and our own client of it.
import { KubeClient, readKubeconfig } from '@meltemi/config';
import {
  type KubeApiserver,
  reachPort,
  type ReachedPort,
  reasonAgainstSandbox,
  Sandbox,
  startKubeApiserver,
} from '@meltemi/testkit';

const kubeApiserver = process.env['MELTEMI_REAL_KUBE_APISERVER'];
const etcd = process.env['MELTEMI_ETCD'];
const PORT = 6443;

export interface KubeWorld {
  readonly sandbox: Sandbox;
  readonly kubernetes: KubeApiserver;
  readonly reached: ReachedPort;
  readonly client: KubeClient;
  close(): Promise<void>;
}

/** Why there can't be such a world here, or false. */
export function reasonAgainstKubernetes(): string | false {
  return !kubeApiserver || !etcd ? 'no kube-apiserver' : reasonAgainstSandbox();
}

export async function startKubeWorld(watchSilenceMs = 60_000): Promise<KubeWorld> {
  const sandbox = await Sandbox.start();
  const kubernetes = await startKubeApiserver(sandbox, { kubeApiserver: kubeApiserver!, etcd: etcd! });
  const reached = await reachPort(sandbox, PORT);
  const access = { ...readKubeconfig(kubernetes.kubeconfig), server: `https://127.0.0.1:${reached.port}` };
  const client = new KubeClient({ access, watchSilenceMs });
  return {
    sandbox,
    kubernetes,
    reached,
    client,
    async close() {
      client.close();
      reached.close();
      await sandbox.close();
    },
  };
}
