// Says which patches of an EnvoyFilter have no effect.
import type { EnvoyConfigPatch, EnvoyFilter } from '@meltemi/config';

export interface UnservedField {
  readonly path: string;
  readonly message: string;
}

export function unservedPatches({ configPatches = [], filters = [] }: EnvoyFilter): readonly UnservedField[] {
  const old = { path: 'spec.filters', message: 'this form of Istio 1.0 is not carried out: write configPatches' };
  return [
    ...(filters.length > 0 ? [old] : []),
    ...configPatches.flatMap((patch, index) => {
      const message = reason(patch);
      return message ? [{ path: `spec.configPatches[${index}]`, message }] : [];
    }),
  ];
}

function reason({ applyTo, match, patch }: EnvoyConfigPatch): string | undefined {
  if (match?.context === 'WAYPOINT') return 'there are no waypoints: the patch has no effect';
  if (applyTo === 'BOOTSTRAP')
    return 'proxies are started before they are told anything: their bootstrap is not patched';
  if (applyTo === 'EXTENSION_CONFIG' && patch.operation !== 'ADD') return 'settings of extensions are only added';
  if (applyTo === 'ROUTE_CONFIGURATION' && !patch.operation?.startsWith('MERGE')) return 'route tables are only merged';
  if (applyTo === 'HTTP_ROUTE' && patch.operation === 'REPLACE')
    return 'routes are not replaced: remove one, add another';
  return undefined;
}
