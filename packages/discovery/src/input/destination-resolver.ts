// Leads a destination, as a rule writes it, to the name of its cluster.
import { parseDuration, resolveHost } from '@meltemi/base';
import type { ConsistentHash, Destination } from '@meltemi/config';
import type { Service } from '@meltemi/registry';
import type { NamespaceScope } from '../scope.ts';
import { outboundName } from './cluster-name.ts';
import { NO_POLICY, portPolicy } from './destination-policy.ts';

export interface ResolvedDestination {
  readonly cluster: string;
  /** Of its DestinationRule, when requests with one property go to one endpoint. */
  readonly hash: ConsistentHash | undefined;
  /** Of its DestinationRule, for connections that carry bytes as they are. */
  readonly tcpIdleTimeoutMs: number | undefined;
  readonly tcpMaxDurationMs: number | undefined;
}

export interface DestinationResolver {
  /** `home` is the namespace of the rule: short names are its. A cluster that nobody defines answers 503. */
  resolve(destination: Destination, home: string): ResolvedDestination;
}

/** `port` is the one that the request came for, where the destination names none and has several. */
export function destinationResolver(
  visible: NamespaceScope,
  { domain, port }: { readonly domain: string; readonly port: number },
): DestinationResolver {
  const place = (destination: Destination, home: string) => {
    // A declared external host may have no dots (`localhost`): as written it is a service already.
    const known = visible.serviceByHost.has(destination.host);
    const host = known ? destination.host : resolveHost(destination.host, home, domain);
    return { host, port: destination.port?.number ?? onlyPort(visible.serviceByHost.get(host)) ?? port };
  };
  return {
    resolve(destination, home) {
      const { host, port: number } = place(destination, home);
      const policy = visible.policies.get(host) ?? NO_POLICY;
      const subset = policy.subsets.find((known) => known.subset.name === destination.subset)?.subset;
      const said = portPolicy(policy, number, subset);
      const { idleTimeout, maxConnectionDuration } = said.connectionPool?.tcp ?? {};
      return {
        cluster: outboundName(host, number, destination.subset),
        hash: said.loadBalancer?.consistentHash,
        tcpIdleTimeoutMs: idleTimeout === undefined ? undefined : parseDuration(idleTimeout),
        tcpMaxDurationMs: maxConnectionDuration === undefined ? undefined : parseDuration(maxConnectionDuration),
      };
    },
  };
}

function onlyPort(service: Service | undefined): number | undefined {
  return service?.ports.length === 1 ? service.ports[0]!.number : undefined;
}
