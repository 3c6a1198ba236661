// How the proxy of a pod is started: what the mesh says, its ProxyConfigs and the pod itself, the nearest last.
// https://istio.io/latest/docs/reference/config/networking/proxy-config/
import { type Labels, selects } from '@meltemi/base';
import { parse } from 'yaml';

import type { LocatedResource } from './located-resource.ts';
import { decodeProxyConfig, type DefaultProxyConfig } from './model/mesh-config.ts';
import type { ProxyConfig } from './model/proxy-config.ts';

/** https://istio.io/latest/docs/reference/config/annotations/#ProxyConfig */
const ANNOTATION = 'proxy.istio.io/config';

export interface ConfiguredPod {
  readonly namespace: string;
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly rootNamespace: string;
}

/** Of several ProxyConfigs for the same the oldest stands; variables are joined by name. */
export function effectiveProxyConfig(
  configs: readonly LocatedResource<ProxyConfig>[],
  pod: ConfiguredPod,
  mesh: DefaultProxyConfig = {},
): DefaultProxyConfig {
  const own = configs.filter(({ metadata }) => metadata.namespace === pod.namespace);
  const wide = (namespace: string) =>
    configs.find(({ metadata, spec }) => metadata.namespace === namespace && !isSelecting(spec));
  const chosen = [
    wide(pod.rootNamespace),
    pod.namespace === pod.rootNamespace ? undefined : wide(pod.namespace),
    own.find(({ spec }) => isSelecting(spec) && selects(spec.selector?.matchLabels ?? {}, pod.labels)),
  ];
  const said = chosen.flatMap((config) => (config ? [proxySettings(config.spec)] : []));
  return [...said, annotated(pod.annotations)].reduce(joined, mesh);
}

function isSelecting({ selector }: ProxyConfig): boolean {
  return Object.keys(selector?.matchLabels ?? {}).length > 0;
}

function proxySettings({ concurrency, environmentVariables, image }: ProxyConfig): DefaultProxyConfig {
  return {
    ...(concurrency !== undefined && { concurrency }),
    ...(environmentVariables && { proxyMetadata: environmentVariables }),
    ...(image && { image }),
  };
}

/** An annotation that can't be read says nothing. */
function annotated(annotations: ConfiguredPod['annotations']): DefaultProxyConfig {
  const written = annotations[ANNOTATION];
  if (written === undefined) return {};
  try {
    return decodeProxyConfig(parse(written)) ?? {};
  } catch {
    return {};
  }
}

function joined(before: DefaultProxyConfig, said: DefaultProxyConfig): DefaultProxyConfig {
  const proxyMetadata = { ...before.proxyMetadata, ...said.proxyMetadata };
  return { ...before, ...said, ...(Object.keys(proxyMetadata).length > 0 && { proxyMetadata }) };
}
