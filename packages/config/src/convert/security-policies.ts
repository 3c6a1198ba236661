// All that says who calls and who may, in today's kinds: the user's own, and what older kinds say.
import type { LocatedResource } from '../located-resource.ts';
import type { AuthorizationPolicy } from '../model/authorization-policy.ts';
import type { PeerAuthentication } from '../model/peer-authentication.ts';
import type { RequestAuthentication } from '../model/request-authentication.ts';
import type { ConfigView } from '../view.ts';
import { accessPolicies } from './access-policies.ts';
import { originPolicies } from './origin-policies.ts';
import { peerPolicies } from './peer-policies.ts';

/** A policy whose namespace is empty is for the whole mesh. What says more of a workload stands before the rest. */
export interface SecurityPolicies {
  readonly peerAuthentications: readonly LocatedResource<PeerAuthentication>[];
  readonly requestAuthentications: readonly LocatedResource<RequestAuthentication>[];
  readonly authorizationPolicies: readonly LocatedResource<AuthorizationPolicy>[];
}

const known = new WeakMap<ConfigView, SecurityPolicies>();

/** `domain`: of services, `cluster.local`. The same value for the same view. */
export function securityPolicies(config: ConfigView, domain: string): SecurityPolicies {
  const before = known.get(config);
  if (before) return before;
  const policies = read(config, domain);
  known.set(config, policies);
  return policies;
}

function read(config: ConfigView, domain: string): SecurityPolicies {
  const objects: ConfigView['objects'] = (kind) => config.objects(kind);
  const services = objects('Service');
  const authentication = { policies: objects('Policy'), meshPolicies: objects('MeshPolicy'), services };
  const origins = originPolicies(authentication);
  const access = accessPolicies({
    configs: [...objects('ClusterRbacConfig'), ...objects('RbacConfig')],
    roles: objects('ServiceRole'),
    bindings: objects('ServiceRoleBinding'),
    services,
    domain,
  });
  return {
    peerAuthentications: joined(objects('PeerAuthentication'), peerPolicies(authentication)),
    requestAuthentications: joined(objects('RequestAuthentication'), origins.requestAuthentications),
    authorizationPolicies: joined(objects('AuthorizationPolicy'), [...origins.authorizationPolicies, ...access]),
  };
}

/** The same array where there is nothing to add, so that nobody takes it for a change. */
function joined<Item>(own: readonly Item[], older: readonly Item[]): readonly Item[] {
  return older.length === 0 ? own : [...own, ...older];
}
