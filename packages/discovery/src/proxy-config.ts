// What a proxy was started with, as it says itself: `PROXY_CONFIG` of its node metadata.
// https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig
import type { JsonObject } from '@bufbuild/protobuf';
import { decodeProxyConfig, type DefaultProxyConfig } from '@meltemi/config';
import type { TracingSettings } from './mesh.ts';

/** Undefined where it says nothing, or nothing that can be read. */
export function proxyConfigOf(metadata: JsonObject): DefaultProxyConfig | undefined {
  const said = metadata['PROXY_CONFIG'];
  return said === undefined ? undefined : decodeProxyConfig(said);
}

export function tracingSettings(said: DefaultProxyConfig['tracing'], defaults: TracingSettings): TracingSettings {
  return {
    enabled: defaults.enabled,
    sampling: said?.sampling ?? defaults.sampling,
    maxPathTagLength: said?.maxPathTagLength ?? defaults.maxPathTagLength,
    istioTags: said?.enableIstioTags ?? defaults.istioTags,
    customTags: said?.customTags ?? defaults.customTags,
  };
}
