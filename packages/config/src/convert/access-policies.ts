// ServiceRoles, their bindings and the RbacConfig that turns them on → AuthorizationPolicies, one for each service.
// https://istio.io/v1.0/docs/reference/config/authorization/istio.rbac.v1alpha1/
import { serviceHost } from '@meltemi/base';
import type { LocatedResource } from '../located-resource.ts';
import type { AuthorizationPolicy } from '../model/authorization-policy.ts';
import type { ServiceSpec } from '../model/kubernetes.ts';
import type { AccessRule, RbacConfig, ServiceRole, ServiceRoleBinding } from '../model/rbac.ts';
import { accessRules } from './access-rules.ts';
import { onTrial, securityPolicy } from './security-policy.ts';

export interface OldAccess {
  readonly configs: readonly LocatedResource<RbacConfig>[];
  readonly roles: readonly LocatedResource<ServiceRole>[];
  readonly bindings: readonly LocatedResource<ServiceRoleBinding>[];
  readonly services: readonly LocatedResource<ServiceSpec>[];
  readonly domain: string;
}

type Policy = LocatedResource<AuthorizationPolicy>;

/** Where access is controlled, who has no role may do nothing. The first of the configs is heard. */
export function accessPolicies(old: OldAccess): Policy[] {
  const config = old.configs.find(({ metadata }) => metadata.name === 'default');
  if (!config) return [];
  return old.services
    .filter((service) => Object.keys(service.spec.selector ?? {}).length > 0)
    .filter((service) => isControlled(config.spec, service, hostOf(service, old)))
    .flatMap((service) => policiesOf(service, config, old));
}

function isControlled(
  { mode, inclusion, exclusion }: RbacConfig,
  { metadata }: LocatedResource,
  host: string,
): boolean {
  const named = (target: RbacConfig['inclusion']) =>
    target?.services?.includes(host) === true || target?.namespaces?.includes(metadata.namespace) === true;
  switch (mode) {
    case 'ON':
      return true;
    case 'ON_WITH_INCLUSION':
      return named(inclusion);
    case 'ON_WITH_EXCLUSION':
      return !named(exclusion);
    case 'OFF':
    case undefined:
      return false;
  }
}

/** What is enforced, and beside it what is on trial. */
function policiesOf(
  service: LocatedResource<ServiceSpec>,
  config: LocatedResource<RbacConfig>,
  old: OldAccess,
): Policy[] {
  const { namespace, name } = service.metadata;
  const granted = grantsOf(service, old);
  const rulesOf = (grants: readonly Grant[]) =>
    grants.flatMap(({ rule, binding }) => accessRules(rule, binding, service));
  const policy = (grants: readonly Grant[]) => {
    const spec = { selector: { matchLabels: service.spec.selector ?? {} }, rules: rulesOf(grants) };
    return securityPolicy('AuthorizationPolicy', { namespace, name: `rbac-${name}` }, spec, config);
  };
  const { tried = [], enforced = [] } = Object.groupBy(granted, ({ binding }) =>
    binding.mode === 'PERMISSIVE' ? 'tried' : 'enforced',
  );
  if (config.spec.enforcementMode === 'PERMISSIVE') return [onTrial(policy(granted))];
  return tried.length > 0 ? [policy(enforced), onTrial(policy(granted))] : [policy(enforced)];
}

interface Grant {
  readonly rule: AccessRule;
  readonly binding: ServiceRoleBinding;
}

/** What roles of the service's namespace allow of it, and to whom. */
function grantsOf(service: LocatedResource<ServiceSpec>, old: OldAccess): Grant[] {
  const { namespace } = service.metadata;
  const host = hostOf(service, old);
  const own = <Spec>(all: readonly LocatedResource<Spec>[]) =>
    all.filter((each) => each.metadata.namespace === namespace);
  return own(old.bindings).flatMap(({ spec: binding }) => {
    const roles = own(old.roles).filter(({ metadata }) => metadata.name === binding.roleRef.name);
    const rules = roles.flatMap(({ spec }) => spec.rules);
    return rules.filter((rule) => rule.services.some((name) => names(name, host))).map((rule) => ({ rule, binding }));
  });
}

function hostOf({ metadata }: LocatedResource, { domain }: OldAccess): string {
  return serviceHost(metadata.name, metadata.namespace, domain);
}

/** `*` may stand first or last. */
function names(written: string, host: string): boolean {
  if (written.startsWith('*')) return host.endsWith(written.slice(1));
  return written.endsWith('*') ? host.startsWith(written.slice(0, -1)) : written === host;
}
