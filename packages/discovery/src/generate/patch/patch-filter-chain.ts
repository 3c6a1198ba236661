// FilterChain + patches → FilterChain, or undefined where a patch removes it.
import {
  type Filter,
  type FilterChain,
  FilterChainSchema,
  FilterSchema,
} from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import type { PatchInput } from '../../input/envoy-filter/patch-input.ts';
import { changedList } from './change-list.ts';
import { mergedMessage } from './merge-message.ts';
import { type FilterPatching, mergedFilter } from './patch-filter.ts';
import { withPatchedHttpFilters } from './patch-http-filters.ts';
import { patchedSocket } from './patch-socket.ts';
import { isMerge, patchValue } from './patch-value.ts';

const VIRTUAL = ['virtualInbound', 'virtualOutbound'];
const LAST = ['envoy.filters.network.http_connection_manager', 'envoy.filters.network.tcp_proxy'];

export function patchedFilterChain(
  chain: FilterChain,
  listener: string,
  { patches, applied }: FilterPatching,
): FilterChain | undefined {
  const patching = { patches: patches.filter((patch) => isFor(patch, chain, listener)), applied };
  const own = patching.patches.filter(({ applyTo }) => applyTo === 'FILTER_CHAIN');
  for (const patch of own) {
    if (isMerge(patch) || patch.operation === 'REMOVE') applied.add(patch);
    if (patch.operation === 'REMOVE') return undefined;
  }
  const merged = own.filter(isMerge).reduce(mergeChain, chain);
  return { ...merged, filters: patchedFilters(merged.filters, patching) };
}

/** In a listener of many ports, a patch's port is that of a chain. */
function isFor({ listener: match }: PatchInput, chain: FilterChain, listener: string): boolean {
  const port = chain.filterChainMatch?.destinationPort;
  if (VIRTUAL.includes(listener) && match?.portNumber && match.portNumber !== port) return false;
  const { name, sni, transportProtocol, applicationProtocols, destinationPort } = match?.filterChain ?? {};
  const asked = chain.filterChainMatch;
  return (
    (!name || name === chain.name) &&
    (!sni || asked?.serverNames.includes(sni) === true) &&
    (!transportProtocol || asked?.transportProtocol === transportProtocol) &&
    (!destinationPort || destinationPort === port) &&
    (applicationProtocols ?? '').split(',').every((each) => !each || asked?.applicationProtocols.includes(each))
  );
}

function mergeChain(chain: FilterChain, patch: PatchInput): FilterChain {
  const { transportSocket, ...others } = patchValue(patch, FilterChainSchema);
  const lists = patch.operation === 'MERGE_AND_REPLACE_LIST' ? 'replace' : 'append';
  const merged = mergedMessage(FilterChainSchema, chain, others, lists);
  return transportSocket
    ? { ...merged, transportSocket: patchedSocket(merged.transportSocket, transportSocket) }
    : merged;
}

function patchedFilters(filters: Filter[], patching: FilterPatching): Filter[] {
  const patches = patching.patches.filter(({ applyTo }) => applyTo === 'NETWORK_FILTER');
  return patches
    .reduce((list, patch) => change(list, patch, patching), filters)
    .map((filter) => patches.reduce((last, patch) => merge(last, patch, patching), filter))
    .map((filter) => withPatchedHttpFilters(filter, patching));
}

function change(filters: Filter[], patch: PatchInput, { applied }: FilterPatching): Filter[] {
  const wanted = patch.listener?.filterChain?.filter?.name;
  const { operation } = patch;
  const names = wanted === undefined ? undefined : ({ name }: Filter) => name === wanted;
  const item = patchValue(patch, FilterSchema);
  const changed = changedList(filters, { operation, item, names }, ({ name }) => LAST.includes(name));
  if (changed === filters || (operation === 'REMOVE' && changed.length === filters.length)) return filters;
  applied.add(patch);
  return [...changed];
}

function merge(filter: Filter, patch: PatchInput, { applied }: FilterPatching): Filter {
  const wanted = patch.listener?.filterChain?.filter?.name;
  if (patch.operation !== 'MERGE' || (wanted && wanted !== filter.name)) return filter;
  applied.add(patch);
  return mergedFilter(filter, patchValue(patch, FilterSchema));
}
