// The way to a Kubernetes API server, by a file or from inside of a pod → a client of it.
import { inClusterAccess, KubeClient, readKubeconfig } from '@meltemi/config';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `kubeconfig`: empty: that of the pod in which this runs. Throws KubeError `kubeconfig`. */
export function openKubeClient(kubeconfig: string, env: Environment): KubeClient {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  return new KubeClient({ access: kubeconfig === '' ? inClusterAccess(host, port) : readKubeconfig(kubeconfig) });
}
