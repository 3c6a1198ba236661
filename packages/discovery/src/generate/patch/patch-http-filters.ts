// A connection manager's filters + patches → its filters.
import { anyPack, anyUnpack } from '@bufbuild/protobuf/wkt';
import type { Filter } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import {
  HttpConnectionManagerSchema,
  type HttpFilter,
  HttpFilterSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { PatchInput } from '../../input/envoy-filter/patch-input.ts';
import { changedList } from './change-list.ts';
import { type FilterPatching, mergedFilter } from './patch-filter.ts';
import { patchValue } from './patch-value.ts';

const MANAGER = 'envoy.filters.network.http_connection_manager';
const ROUTER = 'envoy.filters.http.router';

/** Other network filters are left as they are. */
export function withPatchedHttpFilters(filter: Filter, patching: FilterPatching): Filter {
  const patches = patching.patches.filter((patch) => patch.applyTo === 'HTTP_FILTER' && isWithin(patch, filter));
  if (filter.name !== MANAGER || patches.length === 0 || filter.configType.case !== 'typedConfig') return filter;
  const manager = anyUnpack(filter.configType.value, HttpConnectionManagerSchema);
  if (!manager) return filter;
  const changed = patches.reduce((filters, patch) => change(filters, patch, patching), manager.httpFilters);
  const httpFilters = changed.map((each) => patches.reduce((last, patch) => merge(last, patch, patching), each));
  const value = anyPack(HttpConnectionManagerSchema, { ...manager, httpFilters });
  return { ...filter, configType: { case: 'typedConfig', value } };
}

function isWithin({ listener }: PatchInput, { name }: Filter): boolean {
  const wanted = listener?.filterChain?.filter?.name;
  return !wanted || wanted === name;
}

function wantedName({ listener }: PatchInput): string | undefined {
  return listener?.filterChain?.filter?.subFilter?.name;
}

function change(filters: HttpFilter[], patch: PatchInput, { applied }: FilterPatching): HttpFilter[] {
  const wanted = wantedName(patch);
  const { operation } = patch;
  const item = patchValue(patch, HttpFilterSchema);
  const names = wanted === undefined ? undefined : ({ name }: HttpFilter) => name === wanted;
  const changed = changedList(filters, { operation, item, names }, ({ name }) => name === ROUTER);
  if (changed === filters || (operation === 'REMOVE' && changed.length === filters.length)) return filters;
  applied.add(patch);
  return [...changed];
}

function merge(filter: HttpFilter, patch: PatchInput, { applied }: FilterPatching): HttpFilter {
  const wanted = wantedName(patch);
  if (patch.operation !== 'MERGE' || (wanted !== undefined && wanted !== filter.name)) return filter;
  applied.add(patch);
  return mergedFilter(filter, patchValue(patch, HttpFilterSchema));
}
