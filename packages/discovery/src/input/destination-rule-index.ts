// DestinationRules → those nearest to a host, by namespace, without going through all of them.
import { type Host, hostCovers, resolveHost } from '@meltemi/base';
import type { DestinationRule, LocatedResource } from '@meltemi/config';

type Rule = LocatedResource<DestinationRule>;

export interface DestinationRuleIndex {
  /** The rules of a namespace that name the host exactly, else those whose wildcard is the longest. */
  nearest(namespace: string, host: Host): readonly Rule[];
}

interface NamespaceRules {
  readonly exact: ReadonlyMap<Host, readonly Rule[]>;
  readonly wild: readonly { readonly pattern: Host; readonly rule: Rule }[];
}

const indexes = new WeakMap<readonly Rule[], DestinationRuleIndex>();

/** Made once for a list of rules. */
export function destinationRuleIndex(rules: readonly Rule[], domain: string): DestinationRuleIndex {
  const known = indexes.get(rules);
  if (known) return known;
  const byNamespace = Map.groupBy(rules, ({ metadata }) => metadata.namespace);
  const namespaces = new Map(Array.from(byNamespace, ([name, own]) => [name, namespaceRules(own, domain)]));
  const index: DestinationRuleIndex = {
    nearest: (namespace, host) => nearest(namespaces.get(namespace), host),
  };
  indexes.set(rules, index);
  return index;
}

function namespaceRules(rules: readonly Rule[], domain: string): NamespaceRules {
  const all = rules.map((rule) => ({
    rule,
    pattern: resolveHost(rule.spec.host, rule.metadata.namespace, domain),
  }));
  const exact = Map.groupBy(all, ({ pattern }) => pattern);
  return {
    exact: new Map(Array.from(exact, ([pattern, same]) => [pattern, same.map(({ rule }) => rule)])),
    wild: all.filter(({ pattern }) => pattern.startsWith('*')),
  };
}

function nearest(rules: NamespaceRules | undefined, host: Host): readonly Rule[] {
  if (!rules) return [];
  const exact = rules.exact.get(host);
  if (exact) return exact;
  const covering = rules.wild.filter(({ pattern }) => hostCovers(pattern, host));
  const longest = Math.max(0, ...covering.map(({ pattern }) => pattern.length));
  return covering.filter(({ pattern }) => pattern.length === longest).map(({ rule }) => rule);
}
