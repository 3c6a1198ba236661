// A filter of any level + a patch's → one: the name of the patch, the settings of both.
import type { Any } from '@bufbuild/protobuf/wkt';
import type { PatchInput } from '../../input/envoy-filter/patch-input.ts';
import { mergedAny } from './merge-message.ts';

/** The patches for a listener, and which of them have changed something. */
export interface FilterPatching {
  readonly patches: readonly PatchInput[];
  readonly applied: Set<PatchInput>;
}

interface ConfiguredFilter {
  readonly name: string;
  readonly configType: { readonly case?: string | undefined; readonly value?: unknown };
}

/** A filter whose settings come from elsewhere is left as it is. */
export function mergedFilter<Filter extends ConfiguredFilter>(filter: Filter, patch: Filter): Filter {
  if (filter.configType.case !== 'typedConfig') return filter;
  const name = patch.name || filter.name;
  if (patch.configType.case !== 'typedConfig') return { ...filter, name };
  const value = mergedAny(filter.configType.value as Any, patch.configType.value as Any);
  return { ...filter, name, configType: { case: 'typedConfig', value } };
}
