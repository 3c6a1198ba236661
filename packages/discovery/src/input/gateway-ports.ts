// Which proxies a Gateway is for, and where they listen for its servers: services lead their ports to others.
import { type Labels, selects } from '@meltemi/base';
import type { Gateway, LocatedResource } from '@meltemi/config';
import type { ServedPort } from '@meltemi/registry';

/** Names the services (hosts, separated by commas) whose proxies a Gateway is for, in the place of a selector. */
const SERVICES = 'internal.istio.io/gateway-service';

/** What a gateway's choice of proxies goes by. */
export interface GatewayProxy {
  readonly namespace: string;
  readonly labels: Labels;
  readonly served: readonly ServedPort[];
}

export function isBound(gateway: LocatedResource<Gateway>, proxy: GatewayProxy): boolean {
  const hosts = serviceHosts(gateway);
  if (!hosts) return selects(gateway.spec.selector ?? {}, proxy.labels);
  return gateway.metadata.namespace === proxy.namespace && proxy.served.some(({ service }) => hosts.has(service.host));
}

/**
 * The ports on which a proxy listens for a server's port. A Gateway that names services speaks of their ports only;
 * one with a selector means its own number where no service leads it elsewhere.
 */
export function listenPorts(
  gateway: LocatedResource<Gateway>,
  port: number,
  served: readonly ServedPort[],
): readonly number[] {
  const hosts = serviceHosts(gateway);
  const leading = served.filter(
    ({ service, port: { number } }) =>
      number === port && (hosts ? hosts.has(service.host) : !service.gatewayPortsAsWritten),
  );
  const ports = [...new Set(leading.map(({ endpoint }) => endpoint.address.port))].sort((a, b) => a - b);
  return ports.length === 0 && !hosts ? [port] : ports;
}

function serviceHosts({ metadata }: LocatedResource): ReadonlySet<string> | undefined {
  const written = metadata.annotations[SERVICES];
  return written === undefined ? undefined : new Set(written.split(',').map((host) => host.trim()));
}
