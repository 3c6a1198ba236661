// What one proxy is and sees: the part of a snapshot that its resources are made of.
import { type Host, type Labels, selects } from '@meltemi/base';
import type { Gateway, LocatedResource, VirtualService } from '@meltemi/config';
import type { Service, Workload } from '@meltemi/registry';
import { type DestinationPolicy, destinationPolicy } from './input/destination-policy.ts';
import { visibleIn } from './input/visibility.ts';
import type { ProxyNode } from './proxy-node.ts';
import type { Snapshot } from './snapshot.ts';

/** What all proxies of a namespace see alike. */
export interface NamespaceScope {
  readonly namespace: string;
  readonly services: readonly Service[];
  readonly serviceByHost: ReadonlyMap<Host, Service>;
  readonly virtualServices: readonly LocatedResource<VirtualService>[];
  /** What DestinationRules say of each service. */
  readonly policies: ReadonlyMap<Host, DestinationPolicy>;
}

export interface ProxyScope {
  readonly node: ProxyNode;
  /** Undefined until the registry knows the proxy's pod. */
  readonly workload: Workload | undefined;
  /** The pod's labels, else those of the node's metadata. */
  readonly labels: Labels;
  readonly visible: NamespaceScope;
  /** For a router: the gateways whose selector picks it. */
  readonly gateways: readonly LocatedResource<Gateway>[];
}

/** What a namespace sees, by `exportTo`. */
export function namespaceScope(snapshot: Snapshot, namespace: string): NamespaceScope {
  const { config, registry } = snapshot;
  const visible = <Spec extends { readonly exportTo?: readonly string[] }>(rule: LocatedResource<Spec>) =>
    visibleIn(namespace, rule.metadata.namespace, rule.spec.exportTo);
  const services = registry.services.filter((service) => visibleIn(namespace, service.namespace, service.exportTo));
  const rules = { namespace, destinationRules: config.destinationRules.filter(visible) };
  return {
    namespace,
    services,
    serviceByHost: new Map(services.map((service) => [service.host, service])),
    virtualServices: config.virtualServices.filter(visible),
    policies: new Map(services.map((service) => [service.host, destinationPolicy(rules, service, snapshot.mesh)])),
  };
}

/** The scope of a proxy within its namespace's. */
export function proxyScope(snapshot: Snapshot, visible: NamespaceScope, node: ProxyNode): ProxyScope {
  const workload = snapshot.registry.workload(node.namespace, node.workload);
  const labels = workload?.labels ?? node.labels;
  const gateways = snapshot.config.gateways.filter((gateway) => selects(gateway.spec.selector ?? {}, labels));
  return { node, workload, labels, visible, gateways: node.kind === 'router' ? gateways : [] };
}
