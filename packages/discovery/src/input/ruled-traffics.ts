// Rules and a port of a service → where a redirected sidecar leads its connections, by name and address in turn.
import { hostCovers } from '@meltemi/base';
import type { L4Match, LocatedResource, RouteDestination, VirtualService } from '@meltemi/config';
import type { Service, ServicePort } from '@meltemi/registry';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyScope } from '../scope.ts';
import type { TcpTrafficInput } from './listener-input.ts';
import { meshHosts } from './mesh-rules.ts';
import { provenance } from './provenance.ts';
import { addresses } from './route-match-inputs.ts';
import { meshContext, type TcpRouteContext, tcpTraffic } from './tcp-traffic.ts';

type Rule = LocatedResource<VirtualService>;

/** What is empty asks for nothing. */
export interface RuledTraffic {
  readonly traffic: TcpTrafficInput;
  /** In the client's hello. */
  readonly names: readonly string[];
  /** Where the client wanted to go. */
  readonly prefixes: readonly string[];
}

/** What the rules of the host say of TLS to it; nothing where they say nothing. */
export function ruledTls(scope: ProxyScope, mesh: MeshSettings, service: Service, port: ServicePort): RuledTraffic[] {
  const context = meshContext(scope, mesh, service, port);
  return rulesOf(scope, mesh, service).flatMap((rule) =>
    (rule.spec.tls ?? []).flatMap(({ match, route = [] }, index) =>
      match
        .filter((each) => route.length > 0 && addresses(each, rule.metadata.namespace, context.audience))
        .map((each) => ({
          traffic: trafficOf(rule, `spec.tls[${index}]`, route, context),
          names: each.sniHosts.map((name) => name.toLowerCase()).filter((name) => name !== '*'),
          prefixes: each.destinationSubnets ?? [],
        })),
    ),
  );
}

/** What the rules of the host say of bytes to it, up to the first that takes all of them. */
export function ruledTcp(scope: ProxyScope, mesh: MeshSettings, service: Service, port: ServicePort): RuledTraffic[] {
  const context = meshContext(scope, mesh, service, port);
  const all = rulesOf(scope, mesh, service).flatMap((rule) =>
    (rule.spec.tcp ?? []).flatMap(({ match = [], route = [] }, index): RuledTraffic[] => {
      const matches: readonly L4Match[] = match.length === 0 ? [{}] : match;
      const held = matches.filter((each) => addresses(each, rule.metadata.namespace, context.audience));
      if (route.length === 0 || held.length === 0) return [];
      const everywhere = held.some(({ destinationSubnets = [] }) => destinationSubnets.length === 0);
      const prefixes = everywhere ? [] : held.flatMap(({ destinationSubnets = [] }) => destinationSubnets);
      return [{ traffic: trafficOf(rule, `spec.tcp[${index}]`, route, context), names: [], prefixes }];
    }),
  );
  const last = all.findIndex(({ prefixes }) => prefixes.length === 0);
  return last < 0 ? all : all.slice(0, last + 1);
}

function rulesOf({ visible }: ProxyScope, mesh: MeshSettings, { host }: Service): readonly Rule[] {
  return visible.virtualServices.filter(
    (rule) => (rule.spec.tls ?? rule.spec.tcp) && meshHosts(rule, mesh.domain).some((each) => hostCovers(each, host)),
  );
}

function trafficOf(
  rule: Rule,
  path: string,
  route: readonly RouteDestination[],
  context: TcpRouteContext,
): TcpTrafficInput {
  const traffic = tcpTraffic(route, rule.metadata.namespace, context.destinations);
  return { ...traffic, provenance: provenance(rule, path) };
}
