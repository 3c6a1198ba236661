// Listener + patches → Listener: first the whole, then what it reads, then its chains with their filters.
import {
  type FilterChain,
  FilterChainSchema,
  type ListenerFilter,
  ListenerFilterSchema,
} from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { type Listener, ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import type { PatchInput } from '../../input/envoy-filter/patch-input.ts';
import { changedList } from './change-list.ts';
import { type FilterPatching, mergedFilter } from './patch-filter.ts';
import { patchedFilterChain } from './patch-filter-chain.ts';
import { isMerge, mergedByPatch, patchedMetadata, patchValue } from './patch-value.ts';

/** `patches`: all are for this listener; each tells which of its chains it is for. */
export function patchedListener(listener: Listener, patches: readonly PatchInput[]): Listener {
  const patching: FilterPatching = { patches, applied: new Set() };
  const whole = patches.filter((patch) => patch.applyTo === 'LISTENER' && isMerge(patch));
  for (const patch of whole) patching.applied.add(patch);
  const merged = whole.reduce((last, patch) => mergedByPatch(ListenerSchema, last, patch), listener);
  const listenerFilters = patchedListenerFilters(merged.listenerFilters, patching);
  const { filterChains, defaultFilterChain, ...rest } = merged;
  const chains = patchedChains(filterChains, merged.name, patching);
  const otherwise = defaultFilterChain && patchedFilterChain(defaultFilterChain, merged.name, patching);
  const metadata = patchedMetadata(merged.metadata, patching.applied);
  return {
    ...rest,
    listenerFilters,
    filterChains: chains,
    ...(otherwise && { defaultFilterChain: otherwise }),
    ...(metadata && { metadata }),
  };
}

function patchedChains(chains: readonly FilterChain[], listener: string, patching: FilterPatching): FilterChain[] {
  const changed = chains.flatMap((chain) => patchedFilterChain(chain, listener, patching) ?? []);
  const added = patching.patches.filter(
    ({ applyTo, operation }) => applyTo === 'FILTER_CHAIN' && /^(?:ADD|INSERT)/.test(operation),
  );
  for (const patch of added) patching.applied.add(patch);
  return [...changed, ...added.map((patch) => patchValue(patch, FilterChainSchema))];
}

function patchedListenerFilters(filters: ListenerFilter[], patching: FilterPatching): ListenerFilter[] {
  const patches = patching.patches.filter(({ applyTo }) => applyTo === 'LISTENER_FILTER');
  return patches.reduce((list, patch) => change(list, patch, patching), filters);
}

function change(filters: ListenerFilter[], patch: PatchInput, { applied }: FilterPatching): ListenerFilter[] {
  const wanted = patch.listener?.listenerFilter;
  const names = wanted ? ({ name }: ListenerFilter) => name === wanted : undefined;
  const item = patchValue(patch, ListenerFilterSchema);
  if (patch.operation === 'MERGE') {
    if (names && filters.some(names)) applied.add(patch);
    return filters.map((filter) => (names?.(filter) ? mergedFilter(filter, item) : filter));
  }
  const changed = changedList(filters, { operation: patch.operation, item, names }, () => false);
  if (changed === filters || (patch.operation === 'REMOVE' && changed.length === filters.length)) return filters;
  applied.add(patch);
  return [...changed];
}
