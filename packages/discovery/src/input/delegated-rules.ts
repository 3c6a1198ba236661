// VirtualServices, of which some leave routes to others → those with hosts alone, each with the routes that it left.
// https://istio.io/latest/docs/reference/config/networking/virtual-service/#Delegate
import { resolveHost } from '@meltemi/base';
import type { Destination, HttpRoute, LocatedResource, VirtualService } from '@meltemi/config';
import { joinedRoute } from './joined-route.ts';
import { gatewayName } from './route-match-inputs.ts';
import { effectiveExportTo, type ExportTo, visibleIn } from './visibility.ts';

type Rule = LocatedResource<VirtualService>;
type Rules = readonly Rule[];

export interface DelegationOptions {
  readonly domain: string;
  /** Of rules that say nothing themselves. */
  readonly exportTo: ExportTo;
}

const known = new WeakMap<Rules, Map<string, Rules>>();

/** The same list for the same rules. */
export function delegatedRules(rules: Rules, options: DelegationOptions): Rules {
  if (!rules.some(({ spec }) => isDelegate(spec) || delegates(spec))) return rules;
  const made = known.get(rules) ?? new Map<string, Rules>();
  known.set(rules, made);
  const key = JSON.stringify([options.domain, options.exportTo]);
  const before = made.get(key) ?? joinAll(rules, options);
  made.set(key, before);
  return before;
}

/** Rules without hosts are for others to lead to. */
function isDelegate({ hosts }: VirtualService): boolean {
  return hosts.length === 0;
}

function delegates({ http = [] }: VirtualService): boolean {
  return http.some(({ delegate }) => delegate);
}

function joinAll(rules: Rules, options: DelegationOptions): Rules {
  const byName = new Map(rules.filter(({ spec }) => isDelegate(spec)).map((rule) => [nameOf(rule), rule]));
  return rules
    .filter(({ spec }) => !isDelegate(spec))
    .map((rule) => {
      if (!delegates(rule.spec)) return rule;
      const found = (rule.spec.http ?? []).map(({ delegate }) => {
        const { name = '', namespace = rule.metadata.namespace } = delegate ?? {};
        return delegate && visibleDelegate(byName.get(`${namespace}/${name}`), rule, options);
      });
      return rememberedJoin(rule, found, options.domain);
    });
}

const nameOf = ({ metadata }: Rule): string => `${metadata.namespace}/${metadata.name}`;

function visibleDelegate(delegate: Rule | undefined, root: Rule, { exportTo }: DelegationOptions): Rule | undefined {
  if (!delegate) return undefined;
  const to = effectiveExportTo(delegate.spec.exportTo, exportTo);
  return visibleIn(root.metadata.namespace, delegate.metadata.namespace, to) ? delegate : undefined;
}

type Found = readonly (Rule | undefined)[];

const joins = new WeakMap<Rule, { readonly found: Found; readonly domain: string; readonly joined: Rule }>();

function rememberedJoin(root: Rule, found: Found, domain: string): Rule {
  const before = joins.get(root);
  const same = before?.domain === domain && found.every((rule, index) => rule === before.found[index]);
  const joined = same ? before.joined : join(root, found, domain);
  joins.set(root, { found, domain, joined });
  return joined;
}

/** A route, and where it was written. */
interface Written {
  readonly route: HttpRoute;
  readonly rule: Rule;
  readonly path: string;
}

/** A route that leads to nothing is left out, and no other. */
function join(root: Rule, found: Found, domain: string): Rule {
  const http = (root.spec.http ?? []).flatMap((route, index): Written[] => {
    const path = `spec.http[${index}]`;
    if (!route.delegate) return [{ route, rule: root, path }];
    const rule = found[index];
    return (rule?.spec.http ?? []).flatMap((leaf, at) => {
      const joined = joinedRoute(route, absolute(leaf, rule!, domain));
      return joined ? [{ route: joined, rule: rule!, path: `spec.http[${at}]` }] : [];
    });
  });
  return { ...root, spec: { ...root.spec, http: http.map(({ route }) => route) }, origin: originOf(root, http) };
}

/** Objects are named as the user's rule, fields are where they were written. */
function originOf(root: Rule, http: readonly Written[]): Rule['origin'] {
  return (path = '') => {
    const [, index, rest = ''] = /^spec\.http\[(\d+)\](.*)$/.exec(path) ?? [];
    const written = index === undefined ? undefined : http[Number(index)];
    if (!written) return root.origin(path);
    const { source, path: there } = written.rule.origin(`${written.path}${rest}`);
    return { ...root.origin(), source, path: there };
  };
}

/** With whole names: short ones are of the delegate's own namespace. */
function absolute(route: HttpRoute, { metadata: { namespace } }: Rule, domain: string): HttpRoute {
  const whole = <Said extends Destination>(said: Said): Said => ({
    ...said,
    host: resolveHost(said.host, namespace, domain),
  });
  return {
    ...route,
    ...(route.match && {
      match: route.match.map((match) => ({
        ...match,
        ...(match.gateways && { gateways: match.gateways.map((name) => gatewayName(name, namespace)) }),
      })),
    }),
    ...(route.route && { route: route.route.map((each) => ({ ...each, destination: whole(each.destination) })) }),
    ...(route.mirror && { mirror: whole(route.mirror) }),
    ...(route.mirrors && {
      mirrors: route.mirrors.map((each) => ({ ...each, destination: whole(each.destination) })),
    }),
  };
}
