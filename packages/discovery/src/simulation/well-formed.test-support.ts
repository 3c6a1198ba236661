// For tests: what Envoy would refuse in a proxy's resources, found without it.
import type { JsonObject } from '@bufbuild/protobuf';
import type { Chain } from './choose-chain.test-support.ts';
import { nameOf } from './choose-listener.test-support.ts';
import type { RouteTable } from './choose-route.test-support.ts';
import type { ProxyConfig } from './call.test-support.ts';

/** Names and domains that stand twice, and chains that take the same connections. */
export function malformations({ listeners, routes }: ProxyConfig): string[] {
  const names = (some: readonly JsonObject[]) => some.map(nameOf);
  return [
    ...repeated('listener', names(listeners)),
    ...repeated('route configuration', names(routes)),
    ...listeners.flatMap(chainMalformations),
    ...(routes as unknown as readonly RouteTable[]).flatMap(tableMalformations),
  ];
}

function chainMalformations(listener: JsonObject): string[] {
  const chains = (listener['filterChains'] ?? []) as unknown as readonly Chain[];
  const matches = chains.map(({ filterChainMatch }) => JSON.stringify(filterChainMatch ?? {}));
  const empty = chains.filter(({ filters }) => filters.length === 0);
  return [
    ...repeated(`match in ${nameOf(listener)}`, matches),
    ...empty.map(() => `a chain of ${nameOf(listener)} has no filters`),
    ...(chains.length === 0 ? [`${nameOf(listener)} has no chains`] : []),
  ];
}

function tableMalformations({ name = '', virtualHosts = [] }: RouteTable): string[] {
  return [
    ...repeated(
      `virtual host of ${name}`,
      virtualHosts.map((host) => host.name),
    ),
    ...repeated(
      `domain of ${name}`,
      virtualHosts.flatMap(({ domains }) => domains),
    ),
    ...virtualHosts.filter(({ domains }) => domains.length === 0).map((host) => `${host.name} has no domains`),
  ];
}

function repeated(what: string, words: readonly string[]): string[] {
  const counts = Map.groupBy(words, (word) => word);
  return [...counts].filter(([, all]) => all.length > 1).map(([word]) => `${what} twice: ${word}`);
}
