// Names the extensions of Envoy that run foreign code or belong to other products, each with the reason why it is refused.

const REFUSED: ReadonlyMap<string, string> = new Map([
  ['envoy.extensions.filters.http.lua.', 'Lua scripts are not run'],
  ['envoy.extensions.filters.http.wasm.', 'Wasm modules are not run'],
  ['envoy.extensions.filters.network.wasm.', 'Wasm modules are not run'],
  ['envoy.extensions.access_loggers.wasm.', 'Wasm modules are not run'],
  ['envoy.extensions.stat_sinks.wasm.', 'Wasm modules are not run'],
  ['envoy.extensions.wasm.', 'Wasm modules are not run'],
  ['envoy.extensions.filters.http.ext_proc.', 'external processing is not supported: use ext_authz or a route'],
  ['envoy.extensions.filters.network.ext_proc.', 'external processing is not supported'],
  ['envoy.extensions.filters.http.golang.', 'Go plugins are not run'],
  ['envoy.extensions.filters.network.golang.', 'Go plugins are not run'],
  ['envoy.extensions.filters.http.dynamic_modules.', 'dynamic modules are not loaded'],
  ['envoy.extensions.filters.network.dynamic_modules.', 'dynamic modules are not loaded'],
  ['envoy.extensions.filters.listener.dynamic_modules.', 'dynamic modules are not loaded'],
  ['envoy.extensions.bootstrap.dynamic_modules.', 'dynamic modules are not loaded'],
  ['envoy.config.metrics.v3.MetricsServiceConfig', 'a metrics service is not fed: scrape /stats/prometheus'],
]);

/** Why an extension of this type (its full name) is refused; undefined for others. */
export function refusedType(type: string): string | undefined {
  for (const [prefix, reason] of REFUSED) if (type.startsWith(prefix)) return `${type} is not supported: ${reason}`;
  return undefined;
}
