// Writes the filters that enforce AuthorizationPolicies, for requests and for connections, in the order of the actions.
import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import { type Filter, FilterSchema } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { RBACSchema as HttpRbacSchema } from '@meltemi/api/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { RBACSchema as NetworkRbacSchema } from '@meltemi/api/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import type { RBAC } from '@meltemi/api/envoy/config/rbac/v3/rbac_pb';
import type {
  AuthorizationAction,
  AuthorizationInput,
  AuthorizationPolicyInput,
} from '../../input/authorization-rules.ts';
import type { AuthorizerInput } from '../../input/authorizer-input.ts';
import { CUSTOM_PREFIX, customRulePrefix, httpExternalFilter, tcpExternalFilter } from './external-filters.ts';
import { policyName, rbacRules, type RulesContext } from './rbac-rules.ts';

const HTTP_FILTER = 'envoy.filters.http.rbac';
const NETWORK_FILTER = 'envoy.filters.network.rbac';

/** For a connection manager; they stand before all that answers requests. */
export function httpAuthorization(input: AuthorizationInput): HttpFilter[] {
  return decisions(input, true).map(httpFilter);
}

/** CUSTOM policies, whose filters stand before those that read tokens. */
export function httpCustomAuthorization(input: AuthorizationInput): HttpFilter[] {
  return customDecisions(input, true).flatMap(({ decision, authorizer }) => [
    httpFilter(decision),
    ...(authorizer ? [httpExternalFilter(authorizer)] : []),
  ]);
}

/** For a chain of network filters, before the one that carries bytes. */
export function tcpAuthorization(input: AuthorizationInput): Filter[] {
  const custom = customDecisions(input, false).flatMap(({ decision, authorizer }) => {
    if (!authorizer) return [tcpFilter(decision)];
    const external = tcpExternalFilter(authorizer);
    return external ? [tcpFilter(decision), external] : [];
  });
  return [...custom, ...decisions(input, false).map(tcpFilter)];
}

function httpFilter(decision: Decision): HttpFilter {
  return create(HttpFilterSchema, { name: HTTP_FILTER, configType: typedConfig(HttpRbacSchema, { ...decision }) });
}

function tcpFilter(decision: Decision): Filter {
  const config = { ...decision, statPrefix: 'tcp.' };
  return create(FilterSchema, { name: NETWORK_FILTER, configType: typedConfig(NetworkRbacSchema, config) });
}

/** What a filter of either sort has. */
interface Decision {
  readonly rules?: RBAC;
  readonly shadowRules?: RBAC;
  readonly shadowRulesStatPrefix?: string;
}

function decisions(input: AuthorizationInput, http: boolean): Decision[] {
  const context = { ...input, http, nameOf: policyName };
  return (['AUDIT', 'DENY', 'ALLOW'] as const).flatMap((action) =>
    decision(
      action,
      input.policies.filter((policy) => policy.action === action),
      context,
    ),
  );
}

function decision(
  action: AuthorizationAction,
  policies: readonly AuthorizationPolicyInput[],
  context: RulesContext,
): Decision[] {
  if (policies.length === 0) return [];
  const { dry = [], enforced = [] } = Object.groupBy(policies, ({ dryRun }) => (dryRun ? 'dry' : 'enforced'));
  const rules = rbacRules(action, enforced, context);
  const shadowRules = rbacRules(action, dry, context);
  const shadowRulesStatPrefix = shadowRules && action === 'DENY' ? 'istio_dry_run_deny_' : 'istio_dry_run_allow_';
  return [{ ...(rules && { rules }), ...(shadowRules && { shadowRules }), shadowRulesStatPrefix }];
}

interface CustomDecision {
  readonly decision: Decision;
  /** Asked where a rule matches; undefined: the decision stands. */
  readonly authorizer?: AuthorizerInput;
}

/** What can't be asked for is denied: an authorizer that nobody knows, and each of several. On trial, nobody is asked. */
function customDecisions(input: AuthorizationInput, http: boolean): CustomDecision[] {
  const policies = input.policies.filter(({ action, dryRun }) => action === 'CUSTOM' && !dryRun);
  const providers = Map.groupBy(policies, ({ provider }) => provider);
  return [...providers.keys()].sort().map((provider) => {
    const authorizer = providers.size === 1 ? input.authorizers[provider] : undefined;
    const end = authorizer ? '' : '-deny-due-to-bad-CUSTOM-action';
    const nameOf = (policy: AuthorizationPolicyInput, rule: number) =>
      `${customRulePrefix(provider)}-${policyName(policy, rule)}${end}`;
    const rules = rbacRules('CUSTOM', providers.get(provider)!, { ...input, http, nameOf })!;
    return authorizer
      ? { decision: { shadowRules: rules, shadowRulesStatPrefix: CUSTOM_PREFIX }, authorizer }
      : { decision: { rules } };
  });
}

function typedConfig<Desc extends DescMessage>(schema: Desc, config: MessageInitShape<Desc>) {
  return { case: 'typedConfig' as const, value: packAny(schema, create(schema, config)) };
}
