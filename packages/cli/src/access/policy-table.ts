// A proxy's listeners → the AuthorizationPolicies that they enforce, as `istioctl x authz check` shows them.
import type { JsonObject } from '@bufbuild/protobuf';
import type { FilterChainJson, HttpManagerJson, ListenerJson } from '../diagnosis/proxy-json.ts';
import { chainsOf } from '../diagnosis/proxy-config/listener-table.ts';

/** In the order in which they are shown. */
const ACTIONS = ['DENY', 'ALLOW', 'LOG', 'CUSTOM'];
const RULE = /^(istio-ext-authz-.*)?ns\[(.+)\]-policy\[(.+)\]-rule\[(.+)\]/;
/** A filter without a policy lets nobody in, or everybody. */
const NAMELESS = '_anonymous_match_nothing_';

interface RuleJson {
  readonly action?: string;
  readonly policies?: Readonly<Record<string, unknown>>;
}

export function policyTable(listeners: readonly ListenerJson[]): readonly (readonly string[])[] {
  const rules = new Map<string, Set<string>>();
  for (const { action, policy, rule } of listeners.flatMap(chainsOf).flatMap(rulesOf)) {
    const key = JSON.stringify([ACTIONS.indexOf(action), policy]);
    rules.set(key, (rules.get(key) ?? new Set()).add(rule));
  }
  const rows = [...rules].map(([key, { size }]) => [...(JSON.parse(key) as [number, string]), size] as const);
  rows.sort(([a, one], [b, other]) => a - b || (one < other ? -1 : 1));
  return [
    ['ACTION', 'AuthorizationPolicy', 'RULES'],
    ...rows.map(([action, policy, count]) => [ACTIONS[action]!, policy, String(count)]),
  ];
}

interface NamedRule {
  readonly action: string;
  readonly policy: string;
  readonly rule: string;
}

function rulesOf({ filters = [] }: FilterChainJson): NamedRule[] {
  return filters.flatMap(({ typed_config: config }) => {
    if (!config) return [];
    if (isRbac(config)) return filterRules(config);
    const http = (config as HttpManagerJson).http_filters ?? [];
    return http.flatMap(({ typed_config: inner }) => (inner && isRbac(inner) ? filterRules(inner) : []));
  });
}

function isRbac(config: JsonObject): boolean {
  const type = config['@type'];
  return typeof type === 'string' && type.endsWith('.rbac.v3.RBAC');
}

function filterRules(config: JsonObject): NamedRule[] {
  const { rules, shadow_rules: shadow } = config as { readonly rules?: RuleJson; readonly shadow_rules?: RuleJson };
  const custom = Object.keys(shadow?.policies ?? {}).filter((name) => name.startsWith('istio-ext-authz-'));
  const enforced = Object.keys(rules?.policies ?? {});
  const action = rules?.action ?? 'ALLOW';
  const nameless = rules && enforced.length === 0 ? [{ action, policy: NAMELESS, rule: '0' }] : [];
  return [...enforced.map((name) => named(action, name)), ...custom.map((name) => named('CUSTOM', name)), ...nameless];
}

function named(action: string, name: string): NamedRule {
  const [, , namespace, policy, rule] = RULE.exec(name) ?? [];
  return policy === undefined
    ? { action, policy: name, rule: '0' }
    : { action, policy: `${policy}.${namespace}`, rule: rule! };
}
