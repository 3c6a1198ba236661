// For tests: Envoy's choice of a filter chain, by elimination: port, address, name, transport, protocol.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener_components.proto#config-listener-v3-filterchainmatch
import { BlockList, isIPv6 } from 'node:net';
import type { JsonObject } from '@bufbuild/protobuf';
import type { Learned } from './choose-listener.test-support.ts';
import type { Call } from './call.test-support.ts';

export interface ChainMatch {
  readonly destinationPort?: number;
  readonly prefixRanges?: readonly { readonly addressPrefix: string; readonly prefixLen?: number }[];
  readonly serverNames?: readonly string[];
  readonly transportProtocol?: string;
  readonly applicationProtocols?: readonly string[];
}

export interface Chain {
  readonly name?: string;
  readonly filterChainMatch?: ChainMatch;
  readonly filters: readonly { readonly typedConfig: JsonObject }[];
  readonly transportSocket?: { readonly typedConfig: TlsContext };
}

interface TlsContext {
  readonly requireClientCertificate?: boolean;
  readonly commonTlsContext?: {
    readonly tlsCertificateSdsSecretConfigs?: readonly { readonly name: string }[];
  };
}

/** How well a criterion fits: 0 not at all, undefined when the chain does not ask. */
type Rank = (match: ChainMatch) => number | undefined;

/** The chain, or why there is none. */
export function chooseChain(listener: JsonObject, call: Call, learned: Learned): Chain | string {
  const ranks: readonly Rank[] = [
    ({ destinationPort }) => (destinationPort === undefined ? undefined : Number(destinationPort === call.port)),
    ({ prefixRanges }) => prefixRanges && prefixRank(prefixRanges, call.address ?? '1.3.3.7'),
    ({ serverNames }) => serverNames && nameRank(serverNames, learned.serverName),
    ({ transportProtocol }) =>
      transportProtocol === undefined ? undefined : Number(transportProtocol === learned.transport),
    ({ applicationProtocols }) => applicationProtocols && Number(applicationProtocols.includes(learned.alpn)),
  ];
  const all = (listener['filterChains'] ?? []) as unknown as readonly Chain[];
  const left = ranks.reduce(eliminate, all);
  if (left.length > 1) return 'multiple filter chains matched';
  const otherwise = listener['defaultFilterChain'] as unknown as Chain | undefined;
  return left[0] ?? otherwise ?? 'no filter chains matched';
}

function eliminate(chains: readonly Chain[], rank: Rank): readonly Chain[] {
  const ranked = chains.map((chain) => ({ chain, rank: rank(chain.filterChainMatch ?? {}) }));
  const best = Math.max(0, ...ranked.map((each) => each.rank ?? 0));
  const kept = ranked.filter((each) => (best > 0 ? each.rank === best : each.rank === undefined));
  return kept.map(({ chain }) => chain);
}

function prefixRank(ranges: NonNullable<ChainMatch['prefixRanges']>, address: string): number {
  const fitting = ranges.filter(({ addressPrefix, prefixLen = 0 }) => {
    const family = isIPv6(addressPrefix) ? 'ipv6' : 'ipv4';
    const list = new BlockList();
    list.addSubnet(addressPrefix, prefixLen, family);
    return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  });
  return Math.max(0, ...fitting.map(({ prefixLen = 0 }) => prefixLen + 1));
}

/** An exact name, else the longest wildcard. */
function nameRank(names: readonly string[], name: string): number {
  if (names.includes(name)) return Number.POSITIVE_INFINITY;
  const fitting = names.filter((each) => each.startsWith('*.') && name.endsWith(each.slice(1)));
  return Math.max(0, ...fitting.map(({ length }) => length));
}
