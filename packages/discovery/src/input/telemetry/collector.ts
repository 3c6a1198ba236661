// A provider's service as a proxy reaches it.
import type { ProviderHeader, ProviderService } from '@meltemi/config';
import type { NamespaceScope } from '../../scope.ts';
import { outboundName } from '../cluster-name.ts';
import type { CollectorInput } from './telemetry-input.ts';

/** Undefined where the proxy does not see the service: it would refuse a listener that names an unknown cluster. */
export function collectorOf({ service, port }: ProviderService, visible: NamespaceScope): CollectorInput | undefined {
  const slash = service.indexOf('/');
  const [namespace, host] = [service.slice(0, Math.max(0, slash)), service.slice(slash + 1)];
  const found = visible.serviceByHost.get(host);
  if (!found || (namespace && found.namespace !== namespace)) return undefined;
  if (!found.ports.some(({ number }) => number === port)) return undefined;
  return { cluster: outboundName(found.host, port), authority: found.host };
}

/** Values that proxies have in their environment are theirs to fill in: Envoy reads `%ENVIRONMENT(NAME)%`. */
export function headerPairs(headers: readonly ProviderHeader[] | undefined): readonly (readonly [string, string])[] {
  return (headers ?? []).map(({ name, value, envName }) => [
    name,
    envName ? `%ENVIRONMENT(${envName})%` : (value ?? ''),
  ]);
}
