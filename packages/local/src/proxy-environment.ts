// What a pod's proxy is started with, as an injector would write it: its workload, and what ProxyConfigs say.
import type { DefaultProxyConfig } from '@meltemi/config';
import type { PodIdentity } from './pod-manifest.ts';

/** The agent makes `ISTIO_META_NAME` the NAME of the node's metadata; variables of a ProxyConfig stand as they are. */
export function proxyEnvironment(pod: PodIdentity, config: DefaultProxyConfig): Readonly<Record<string, string>> {
  const workload = pod.podName.replace(/-[0-9a-f]{8}-\d+$/, '');
  return {
    ISTIO_META_WORKLOAD_NAME: workload,
    ISTIO_META_OWNER: `kubernetes://apis/apps/v1/namespaces/${pod.namespace}/deployments/${workload}`,
    ...(Object.keys(config).length > 0 && { ISTIO_METAJSON_PROXY_CONFIG: JSON.stringify(config) }),
    ...config.proxyMetadata,
  };
}
