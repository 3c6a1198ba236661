// The kinds of criteria of a filter chain match: exact values, address prefixes, server names.
import type { FilterChainMatch } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import type { CidrRange } from '@meltemi/api/envoy/config/core/v3/address_pb';
import { ipBytes, networkKey } from '@meltemi/base';
import type { ConnectionFacts } from './connection-facts.ts';
import { ListenerConfigError } from './listener-config-error.ts';
import { ANYTHING, type Stage } from './match-stage.ts';

/** The first value of the connection that some match has. */
export function exactStage(
  keysOf: (match: FilterChainMatch) => readonly unknown[],
  valuesOf: (facts: ConnectionFacts) => readonly unknown[],
): Stage {
  return {
    keysOf,
    choose: (branches) => (facts) => {
      for (const value of valuesOf(facts)) {
        const branch = branches.get(value);
        if (branch) return branch(facts);
      }
      return branches.get(ANYTHING)?.(facts);
    },
  };
}

/** The longest prefix. A key is the family, the length and the network. */
export function prefixStage(
  rangesOf: (match: FilterChainMatch) => readonly CidrRange[],
  ipOf: (facts: ConnectionFacts) => string,
): Stage {
  return {
    keysOf: (match) => rangesOf(match).map(rangeKey),
    choose(branches) {
      const lengths = [...new Set([...branches.keys()].filter((key) => key !== ANYTHING).map(lengthOf))];
      lengths.sort((a, b) => b - a);
      return (facts) => {
        const address = ipBytes(ipOf(facts));
        for (const length of address ? lengths : []) {
          const branch = length <= address!.length * 8 && branches.get(prefixKey(address!, length));
          if (branch) return branch(facts);
        }
        return branches.get(ANYTHING)?.(facts);
      };
    },
  };
}

/** An exact name, then the longest suffix: `*.example.com` and `.example.com` fit every name below. */
export const serverNameStage: Stage = {
  keysOf: (match) => match.serverNames.map((name) => name.replace(/^\*/, '').toLowerCase()),
  choose: (branches) => (facts) => {
    const name = facts.serverName;
    const exact = name === '' ? undefined : branches.get(name);
    if (exact) return exact(facts);
    for (let dot = name.indexOf('.', 1); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      const branch = branches.get(name.slice(dot));
      if (branch) return branch(facts);
    }
    return branches.get(ANYTHING)?.(facts);
  },
};

function rangeKey({ addressPrefix, prefixLen }: CidrRange): string {
  const address = ipBytes(addressPrefix);
  const length = prefixLen ?? 0;
  if (!address || length > address.length * 8) {
    throw new ListenerConfigError('BAD_FILTER_CHAIN', `${addressPrefix}/${length} is no address prefix`);
  }
  return prefixKey(address, length);
}

function prefixKey(address: Buffer, length: number): string {
  return `${length}/${networkKey(address, length)}`;
}

function lengthOf(key: unknown): number {
  return Number.parseInt(key as string, 10);
}
