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
import { policyName, rbacRules, type RulesContext } from './rbac-rules.ts';

const HTTP_FILTER = 'envoy.filters.http.rbac';
const NETWORK_FILTER = 'envoy.filters.network.rbac';

/** For a connection manager; they stand before all that answers requests. */
export function httpAuthorization(input: AuthorizationInput): HttpFilter[] {
  return decisions(input, true).map((decision) =>
    create(HttpFilterSchema, { name: HTTP_FILTER, configType: typedConfig(HttpRbacSchema, { ...decision }) }),
  );
}

/** For a chain of network filters, before the one that carries bytes. */
export function tcpAuthorization(input: AuthorizationInput): Filter[] {
  return decisions(input, false).map((decision) => {
    const config = { ...decision, statPrefix: 'tcp.' };
    return create(FilterSchema, { name: NETWORK_FILTER, configType: typedConfig(NetworkRbacSchema, config) });
  });
}

/** What a filter of either sort has. */
interface Decision {
  readonly rules?: RBAC;
  readonly shadowRules?: RBAC;
  readonly shadowRulesStatPrefix?: string;
}

function decisions(input: AuthorizationInput, http: boolean): Decision[] {
  const context = { ...input, http, nameOf: policyName };
  const byAction = (action: AuthorizationAction) => input.policies.filter((policy) => policy.action === action);
  return [
    ...customDecisions(byAction('CUSTOM'), context),
    ...(['AUDIT', 'DENY', 'ALLOW'] as const).flatMap((action) => decision(action, byAction(action), context)),
  ];
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

/** No provider of decisions can be asked, so what one should have decided is denied. One filter a provider. */
function customDecisions(policies: readonly AuthorizationPolicyInput[], context: RulesContext): Decision[] {
  const enforced = policies.filter(({ dryRun }) => !dryRun);
  const providers = [...new Set(enforced.map(({ provider }) => provider))].sort();
  return providers.map((provider) => {
    const nameOf = (policy: AuthorizationPolicyInput, rule: number) =>
      `istio-ext-authz-${provider}-${policyName(policy, rule)}-deny-due-to-bad-CUSTOM-action`;
    const own = enforced.filter((policy) => policy.provider === provider);
    return { rules: rbacRules('CUSTOM', own, { ...context, nameOf })! };
  });
}

function typedConfig<Desc extends DescMessage>(schema: Desc, config: MessageInitShape<Desc>) {
  return { case: 'typedConfig' as const, value: packAny(schema, create(schema, config)) };
}
