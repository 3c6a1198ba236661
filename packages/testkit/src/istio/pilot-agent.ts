// Starts a real pilot-agent in a pod of a sandbox, with the proxy of one's choice as the sidecar.
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeClient } from '../kubernetes/kube-client.ts';
import type { PodFacts } from '../kubernetes/kube-objects.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { SandboxProcess } from '../sandbox/sandbox-process.ts';
import { ISTIOD_HOST, ISTIOD_PORT } from './istiod.ts';

export interface PilotAgentOptions {
  readonly pod: PodFacts;
  /** What starts the agent: a path, or a path with its first arguments. */
  readonly program: readonly [string, ...string[]];
  /** Further flags. */
  readonly flags?: readonly string[];
  /** Fields of ProxyConfig, as `binaryPath`: what it starts with Envoy's command line. */
  readonly proxyConfig?: object;
  readonly env?: Readonly<Record<string, string>>;
}

/** The user whose traffic is not redirected. */
export const SIDECAR_UID = 1337;
const TOKEN_LIFE_S = 3600;

export interface RunningAgent {
  readonly process: SandboxProcess;
  /** File of what the agent and its proxy print. */
  readonly log: string;
}

/** Gives the pod its token and the mesh's root certificate, and starts the agent as the sidecar's user. */
export async function startPilotAgent(
  sandbox: Sandbox,
  kubernetes: KubeClient,
  options: PilotAgentOptions,
): Promise<RunningAgent> {
  const { pod } = options;
  const directory = join(sandbox.directory, `pod-${pod.name}`);
  const log = join(sandbox.directory, `pod-${pod.name}.log`);
  await writeCredentials(kubernetes, pod, join(directory, 'var/run/secrets'));
  await sandbox.complete({ command: ['chown', '-R', `${SIDECAR_UID}:${SIDECAR_UID}`, directory] });
  writeFileSync(log, '');
  chownSync(log, SIDECAR_UID, SIDECAR_UID);
  const process = sandbox.run({
    command: [
      ...options.program,
      'proxy',
      'sidecar',
      '--domain',
      `${pod.namespace}.svc.cluster.local`,
      '--concurrency',
      '1',
      ...(options.flags ?? []),
    ],
    pod: pod.name,
    uid: SIDECAR_UID,
    cwd: directory,
    log,
    env: { ...environment(options), ...options.env },
  });
  return { process, log };
}

/** In place of the volumes that a kubelet would mount, at the agent's paths below its working directory. */
async function writeCredentials(kubernetes: KubeClient, pod: PodFacts, secrets: string): Promise<void> {
  mkdirSync(join(secrets, 'tokens'), { recursive: true });
  mkdirSync(join(secrets, 'istio'), { recursive: true });
  const [token, root] = await Promise.all([workloadToken(kubernetes, pod), meshRoot(kubernetes, pod.namespace)]);
  writeFileSync(join(secrets, 'tokens/istio-token'), token);
  writeFileSync(join(secrets, 'istio/root-cert.pem'), root);
}

async function workloadToken(kubernetes: KubeClient, { namespace, name, app }: PodFacts): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${app}/token`;
  const answer = (await kubernetes.request('POST', path, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      audiences: ['istio-ca'],
      expirationSeconds: TOKEN_LIFE_S,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name },
    },
  })) as { readonly status: { readonly token: string } };
  return answer.status.token;
}

/** From the ConfigMap that istiod writes into each namespace. */
async function meshRoot(kubernetes: KubeClient, namespace: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/configmaps/istio-ca-root-cert`;
  const map = (await kubernetes.request('GET', path)) as { readonly data: Readonly<Record<string, string>> };
  return map.data['root-cert.pem']!;
}

function environment({ pod, proxyConfig }: PilotAgentOptions): Readonly<Record<string, string>> {
  const address = `${ISTIOD_HOST}:${ISTIOD_PORT}`;
  return {
    INSTANCE_IP: pod.address,
    POD_NAME: pod.name,
    POD_NAMESPACE: pod.namespace,
    SERVICE_ACCOUNT: pod.app,
    TRUST_DOMAIN: 'cluster.local',
    PILOT_CERT_PROVIDER: 'istiod',
    CA_ADDR: address,
    ISTIO_META_CLUSTER_ID: 'Kubernetes',
    ISTIO_META_MESH_ID: 'cluster.local',
    ISTIO_META_INTERCEPTION_MODE: 'REDIRECT',
    ISTIO_META_WORKLOAD_NAME: pod.app,
    ISTIO_META_OWNER: `kubernetes://apis/apps/v1/namespaces/${pod.namespace}/deployments/${pod.app}`,
    ISTIO_METAJSON_LABELS: JSON.stringify({ app: pod.app, version: pod.version, ...pod.labels }),
    PROXY_CONFIG: JSON.stringify({
      discoveryAddress: address,
      ...proxyConfig,
    }),
  };
}
