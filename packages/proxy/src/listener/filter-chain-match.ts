// Chooses the filter chain of a connection, as Envoy does: criterion by criterion, the most specific wins, no way back.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener_components.proto#config-listener-v3-filterchainmatch
import { BlockList, isIPv6 } from 'node:net';
import {
  type FilterChainMatch,
  FilterChainMatch_ConnectionSourceType as SourceType,
} from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import type { CidrRange } from '@meltemi/api/envoy/config/core/v3/address_pb';

/** What is known of a connection before its filter chain is chosen. Addresses are IPs; names are lower-case. */
export interface ConnectionFacts {
  readonly destinationIp: string;
  readonly destinationPort: number;
  readonly sourceIp: string;
  readonly sourcePort: number;
  readonly transportProtocol: 'tls' | 'raw_buffer';
  readonly serverName: string;
  readonly applicationProtocols: readonly string[];
}

/** Decides between chains; `matches` are in the order of the listener's chains, an undefined one matches all. */
export interface FilterChainMatcher {
  /** True when some chain asks for something that only the first bytes of the client tell. */
  readonly needsInspection: boolean;
  /** Index of the chain, or undefined when none matches. */
  match(facts: ConnectionFacts): number | undefined;
}

/** How well a chain fits one criterion: below 0 not at all, 0 when it doesn't ask, the higher the more specific. */
type Criterion = (facts: ConnectionFacts) => number;

export function compileFilterChainMatch(matches: readonly (FilterChainMatch | undefined)[]): FilterChainMatcher {
  const chains = matches.map((match) => criteria(match));
  const stages = chains[0]?.length ?? 0;
  return {
    needsInspection: matches.some(asksForFirstBytes),
    match(facts) {
      let left = chains.map((_, index) => index);
      for (let stage = 0; stage < stages && left.length > 0; stage++) left = narrow(left, chains, stage, facts);
      return left[0];
    },
  };
}

function narrow(
  left: readonly number[],
  chains: readonly (readonly Criterion[])[],
  stage: number,
  facts: ConnectionFacts,
): number[] {
  const fits = left.map((index) => chains[index]![stage]!(facts));
  const best = Math.max(...fits);
  return best < 0 ? [] : left.filter((_, position) => fits[position] === best);
}

function asksForFirstBytes(match: FilterChainMatch | undefined): boolean {
  if (!match) return false;
  return match.serverNames.length > 0 || match.transportProtocol !== '' || match.applicationProtocols.length > 0;
}

/** Envoy's order. */
function criteria(match: FilterChainMatch | undefined): readonly Criterion[] {
  return [
    exactNumber(match?.destinationPort === undefined ? [] : [match.destinationPort], (facts) => facts.destinationPort),
    prefix(match?.prefixRanges ?? [], (facts) => facts.destinationIp),
    serverName(match?.serverNames ?? []),
    transportProtocol(match?.transportProtocol ?? ''),
    applicationProtocol(match?.applicationProtocols ?? []),
    prefix(match?.directSourcePrefixRanges ?? [], (facts) => facts.sourceIp),
    sourceType(match?.sourceType ?? SourceType.ANY),
    prefix(match?.sourcePrefixRanges ?? [], (facts) => facts.sourceIp),
    exactNumber(match?.sourcePorts ?? [], (facts) => facts.sourcePort),
  ];
}

function exactNumber(wanted: readonly number[], actual: (facts: ConnectionFacts) => number): Criterion {
  if (wanted.length === 0) return () => 0;
  return (facts) => (wanted.includes(actual(facts)) ? 1 : -1);
}

function prefix(ranges: readonly CidrRange[], actual: (facts: ConnectionFacts) => string): Criterion {
  if (ranges.length === 0) return () => 0;
  const blocks = ranges.map((range) => {
    const length = range.prefixLen ?? 0;
    const block = new BlockList();
    block.addSubnet(range.addressPrefix, length, isIPv6(range.addressPrefix) ? 'ipv6' : 'ipv4');
    return { length, block };
  });
  return (facts) => {
    const ip = actual(facts);
    const family = isIPv6(ip) ? 'ipv6' : 'ipv4';
    return Math.max(...blocks.map(({ length, block }) => (block.check(ip, family) ? length + 1 : -1)));
  };
}

/** `*.example.com` and `.example.com` fit every name below; longer names are the more specific, an exact one the most. */
function serverName(wanted: readonly string[]): Criterion {
  if (wanted.length === 0) return () => 0;
  const exact = new Set(wanted.filter((name) => !isWildcard(name)).map((name) => name.toLowerCase()));
  const suffixes = wanted.filter(isWildcard).map((name) => name.replace(/^\*/, '').toLowerCase());
  return (facts) => {
    if (exact.has(facts.serverName)) return Number.MAX_SAFE_INTEGER;
    const lengths = suffixes.filter((suffix) => endsBelow(facts.serverName, suffix)).map((suffix) => suffix.length);
    return Math.max(-1, ...lengths);
  };
}

function isWildcard(name: string): boolean {
  return name.startsWith('*.') || name.startsWith('.');
}

function endsBelow(name: string, suffix: string): boolean {
  return name.length > suffix.length && name.endsWith(suffix);
}

function transportProtocol(wanted: string): Criterion {
  if (wanted === '') return () => 0;
  return (facts) => (facts.transportProtocol === wanted ? 1 : -1);
}

/** The client's first protocol that some chain names wins. */
function applicationProtocol(wanted: readonly string[]): Criterion {
  if (wanted.length === 0) return () => 0;
  return (facts) => {
    const position = facts.applicationProtocols.findIndex((protocol) => wanted.includes(protocol));
    return position < 0 ? -1 : facts.applicationProtocols.length - position;
  };
}

function sourceType(wanted: SourceType): Criterion {
  if (wanted === SourceType.ANY) return () => 0;
  return (facts) => (isLocal(facts) === (wanted === SourceType.SAME_IP_OR_LOOPBACK) ? 1 : -1);
}

function isLocal(facts: ConnectionFacts): boolean {
  return (
    facts.sourceIp === facts.destinationIp ||
    facts.sourceIp.startsWith('127.') ||
    facts.sourceIp === '::1' ||
    facts.sourceIp.startsWith('::ffff:127.')
  );
}
