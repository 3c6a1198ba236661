// Turns a virtual host's virtual clusters into what names the one that a request is of.
import type { VirtualCluster } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { DecideError } from './decide-error.ts';
import { compileHeaderCondition } from './header-match.ts';
import { withoutQuery } from './path.ts';
import type { RequestView } from './request-view.ts';

/** Undefined: the request is of none. */
export type NameVirtualCluster = (request: RequestView) => string | undefined;

/**
 * The first whose headers all match counts. Undefined: there are none. Throws DecideError.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-virtualcluster
 */
export function compileVirtualClusters(clusters: readonly VirtualCluster[]): NameVirtualCluster | undefined {
  if (clusters.length === 0) return undefined;
  const compiled = clusters.map(compileOne);
  return (request) => {
    const path = withoutQuery(request.path);
    return compiled.find(({ conditions }) => conditions.every((condition) => condition.holds(request, path, 0)))?.name;
  };
}

function compileOne({ name, headers }: VirtualCluster) {
  if (headers.length === 0) throw new DecideError('BAD_MATCH', `virtual cluster ${name} has no headers`);
  return { name, conditions: headers.map(compileHeaderCondition) };
}
