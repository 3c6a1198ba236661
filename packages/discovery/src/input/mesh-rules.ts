// VirtualServices → the one that routes a host for the mesh's own proxies, without going through all of them.
import { type Host, hostCovers, resolveHost } from '@meltemi/base';
import type { LocatedResource, VirtualService } from '@meltemi/config';
import { gatewaysInclude } from './route-match-inputs.ts';

type Rule = LocatedResource<VirtualService>;

export type MeshRules = (host: Host) => readonly Rule[];

/** The rules for the mesh that name the host, in their order; a wildcard's first counts only where no rule names it exactly. */
export function meshRules(rules: readonly Rule[], domain: string): MeshRules {
  const exact = new Map<Host, Rule[]>();
  const wild: { readonly pattern: Host; readonly rule: Rule }[] = [];
  for (const rule of rules) {
    for (const pattern of meshHosts(rule, domain)) {
      const known = exact.get(pattern);
      if (known) known.push(rule);
      else exact.set(pattern, [rule]);
      if (pattern.startsWith('*')) wild.push({ pattern, rule });
    }
  }
  return (host) => exact.get(host) ?? longest(wild, host);
}

function longest(wild: readonly { readonly pattern: Host; readonly rule: Rule }[], host: Host): readonly Rule[] {
  let best: (typeof wild)[number] | undefined;
  for (const each of wild) {
    if (each.pattern.length > (best?.pattern.length ?? 0) && hostCovers(each.pattern, host)) best = each;
  }
  return best ? [best.rule] : [];
}

const known = new WeakMap<Rule, { readonly domain: string; readonly hosts: readonly Host[] }>();

/** What a rule says of hosts to the mesh's own proxies; nothing when it is for gateways alone. */
export function meshHosts(rule: Rule, domain: string): readonly Host[] {
  const before = known.get(rule);
  if (before?.domain === domain) return before.hosts;
  const { gateways, hosts: written } = rule.spec;
  const home = rule.metadata.namespace;
  // A rule without gateways is for the mesh.
  const hosts = gatewaysInclude(gateways, home, 'mesh') ? written.map((host) => resolveHost(host, home, domain)) : [];
  known.set(rule, { domain, hosts });
  return hosts;
}
