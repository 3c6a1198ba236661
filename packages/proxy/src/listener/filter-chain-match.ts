// Chooses the filter chain of a connection, as Envoy does: criterion by criterion, the most specific wins, no way back.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener_components.proto#config-listener-v3-filterchainmatch
import {
  type FilterChainMatch,
  FilterChainMatch_ConnectionSourceType as SourceType,
} from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { type ConnectionFacts, isLocalSource } from './connection-facts.ts';
import { ANYTHING, type Stage } from './match-stage.ts';
import { exactStage, prefixStage, serverNameStage } from './match-stages.ts';
import { ListenerConfigError } from './listener-config-error.ts';

/** Index of the chain, or undefined when none matches. */
export type ChooseChain = (facts: ConnectionFacts) => number | undefined;

/** Envoy's order: https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/listeners/listener_filters */
const STAGES: readonly Stage[] = [
  exactStage(
    (match) => (match.destinationPort === undefined ? [] : [match.destinationPort]),
    (facts) => [facts.destinationPort],
  ),
  prefixStage(
    (match) => match.prefixRanges,
    (facts) => facts.destinationIp,
  ),
  serverNameStage,
  exactStage(
    (match) => (match.transportProtocol === '' ? [] : [match.transportProtocol]),
    (facts) => [facts.transportProtocol],
  ),
  exactStage(
    (match) => match.applicationProtocols,
    (facts) => facts.applicationProtocols,
  ),
  prefixStage(
    (match) => match.directSourcePrefixRanges,
    (facts) => facts.directSourceIp,
  ),
  exactStage(
    (match) => (match.sourceType === SourceType.ANY ? [] : [match.sourceType]),
    (facts) => [isLocalSource(facts) ? SourceType.SAME_IP_OR_LOOPBACK : SourceType.EXTERNAL],
  ),
  prefixStage(
    (match) => match.sourcePrefixRanges,
    (facts) => facts.sourceIp,
  ),
  exactStage(
    (match) => match.sourcePorts,
    (facts) => [facts.sourcePort],
  ),
];

/**
 * `matches` are in the order of the listener's chains, an undefined one matches all. Throws ListenerConfigError for what
 * can't be honoured, and where two chains match the same.
 */
export function compileFilterChainMatch(matches: readonly (FilterChainMatch | undefined)[]): ChooseChain {
  for (const match of matches) if (match) refuseUnsupported(match);
  const all = matches.map((_, index) => index);
  return all.length === 0 ? () => undefined : compile(matches, all, 0);
}

/** True where a chain asks for something that only a ClientHello tells. */
export function asksForHello(match: FilterChainMatch | undefined): boolean {
  if (!match) return false;
  if (match.transportProtocol !== '') return match.transportProtocol === 'tls';
  return match.serverNames.length > 0 || match.applicationProtocols.length > 0;
}

/** Decides between the chains that are left, from one stage on. */
function compile(
  matches: readonly (FilterChainMatch | undefined)[],
  left: readonly number[],
  from: number,
): ChooseChain {
  const stage = STAGES[from];
  if (!stage) return leaf(left);
  const keysOf = (index: number) => {
    const match = matches[index];
    const keys = match ? stage.keysOf(match) : [];
    return keys.length === 0 ? [ANYTHING] : keys;
  };
  const groups = new Map<unknown, number[]>();
  for (const index of left) for (const key of new Set(keysOf(index))) append(groups, key, index);
  // Where no chain asks, the stage costs a connection nothing.
  if (groups.size === 1 && groups.has(ANYTHING)) return compile(matches, left, from + 1);
  return stage.choose(new Map([...groups].map(([key, indexes]) => [key, compile(matches, indexes, from + 1)])));
}

function append(groups: Map<unknown, number[]>, key: unknown, index: number): void {
  const group = groups.get(key);
  if (group) group.push(index);
  else groups.set(key, [index]);
}

function leaf(left: readonly number[]): ChooseChain {
  if (left.length > 1) {
    throw new ListenerConfigError(
      'BAD_FILTER_CHAIN',
      `filter chains ${left.join(' and ')} have overlapping matching rules`,
    );
  }
  return () => left[0];
}

function refuseUnsupported(match: FilterChainMatch): void {
  const field = [
    match.addressSuffix !== '' && 'address_suffix',
    match.suffixLen !== undefined && 'suffix_len',
    match.serverNames.some((name) => name.lastIndexOf('*') > 0 || name === '*') && 'a partial wildcard in server_names',
  ].find((each) => each !== false);
  if (field) throw new ListenerConfigError('UNSUPPORTED_FIELD', `filter_chain_match: ${field} is not supported`);
}
