// What one proxy is and sees: the part of a snapshot that its resources are made of.
import { type Host, type Labels, resolveHost } from '@meltemi/base';
import type { AuthorizationPolicy, Gateway, LocatedResource, Sidecar, VirtualService } from '@meltemi/config';
import type { ServedPort, Service, Workload } from '@meltemi/registry';
import { authorizationPoliciesOf } from './input/authorization-policies.ts';
import { type DestinationPolicy, destinationPolicy } from './input/destination-policy.ts';
import { isBound } from './input/gateway-ports.ts';
import { sidecarImports, sidecarOf } from './input/sidecar-imports.ts';
import { visibleIn } from './input/visibility.ts';
import type { OutboundTrafficPolicy } from './mesh.ts';
import type { ProxyNode } from './proxy-node.ts';
import type { Snapshot } from './snapshot.ts';

/** What all proxies of a namespace see alike, as far as they have the same Sidecar. */
export interface NamespaceScope {
  readonly namespace: string;
  /** Those that rules lead to among them. */
  readonly services: readonly Service[];
  readonly serviceByHost: ReadonlyMap<Host, Service>;
  /** The services that applications call by their names and addresses. */
  readonly called: readonly Service[];
  readonly virtualServices: readonly LocatedResource<VirtualService>[];
  /** What DestinationRules say of each service. */
  readonly policies: ReadonlyMap<Host, DestinationPolicy>;
}

/** Who asks for resources. */
export interface Proxy {
  readonly node: ProxyNode;
  /** Undefined until the registry knows the proxy's pod. */
  readonly workload: Workload | undefined;
  /** The pod's labels, else those of the node's metadata. */
  readonly labels: Labels;
  /** True: connections are led to it by the network; false: its placement says which port stands for what. */
  readonly redirected: boolean;
  readonly sidecar: LocatedResource<Sidecar> | undefined;
}

export interface ProxyScope extends Proxy {
  readonly visible: NamespaceScope;
  /** The ports of services that its address serves; none where pods share an address. */
  readonly served: readonly ServedPort[];
  /** For a router: the gateways that it stands for. */
  readonly gateways: readonly LocatedResource<Gateway>[];
  readonly outboundTrafficPolicy: OutboundTrafficPolicy;
  /** Who may call it. */
  readonly authorization: readonly LocatedResource<AuthorizationPolicy>[];
}

export function proxyOf({ config, registry, mesh }: Snapshot, node: ProxyNode): Proxy {
  const workload = registry.workload(node.namespace, node.workload);
  const labels = workload?.labels ?? node.labels;
  const { namespace } = node;
  const sidecars = node.kind === 'sidecar' ? config.objects('Sidecar') : [];
  return {
    node,
    workload,
    labels,
    redirected: node.redirected && !workload?.placement,
    sidecar: sidecarOf(sidecars, { namespace, labels, rootNamespace: mesh.rootNamespace }),
  };
}

/** What a namespace sees, by `exportTo` and Sidecar. */
export function namespaceScope(
  snapshot: Snapshot,
  namespace: string,
  sidecar?: LocatedResource<Sidecar>,
): NamespaceScope {
  const { config, registry, mesh } = snapshot;
  const imports = sidecarImports(sidecar, namespace, mesh.domain);
  const visible = <Spec extends { readonly exportTo?: readonly string[] }>(rule: LocatedResource<Spec>) =>
    visibleIn(namespace, rule.metadata.namespace, rule.spec.exportTo);
  const exported = registry.services.filter((service) => visibleIn(namespace, service.namespace, service.exportTo));
  const virtualServices = config.virtualServices.filter((rule) => visible(rule) && imports.virtualService(rule));
  const called = exported.filter((service) => imports.service(service));
  const named = sidecar ? destinationHosts(virtualServices, mesh.domain) : new Set<Host>();
  const services = exported.filter((service) => named.has(service.host) || imports.service(service));
  const rules = { namespace, destinationRules: config.destinationRules.filter(visible) };
  return {
    namespace,
    services,
    serviceByHost: new Map(services.map((service) => [service.host, service])),
    called,
    virtualServices,
    policies: new Map(services.map((service) => [service.host, destinationPolicy(rules, service, mesh)])),
  };
}

/** The scope of a proxy within its namespace's. */
export function proxyScope(snapshot: Snapshot, visible: NamespaceScope, proxy: Proxy): ProxyScope {
  const { node, labels, sidecar } = proxy;
  const { config, registry, mesh } = snapshot;
  const served = proxy.redirected
    ? registry.servedAt(node.address).filter(({ service }) => service.namespace === node.namespace)
    : [];
  const gateways = config.gateways.filter((gateway) => isBound(gateway, { namespace: node.namespace, labels, served }));
  const workload = { namespace: node.namespace, labels, rootNamespace: mesh.rootNamespace };
  return {
    ...proxy,
    visible,
    served,
    gateways: node.kind === 'router' ? gateways : [],
    outboundTrafficPolicy: sidecar?.spec.outboundTrafficPolicy?.mode ?? mesh.outboundTrafficPolicy,
    authorization: authorizationPoliciesOf(config.objects('AuthorizationPolicy'), workload),
  };
}

/** The hosts that rules lead to. */
function destinationHosts(rules: readonly LocatedResource<VirtualService>[], domain: string): ReadonlySet<Host> {
  const hosts = rules.flatMap(({ metadata, spec }) =>
    [...(spec.http ?? []), ...(spec.tls ?? []), ...(spec.tcp ?? [])].flatMap(({ route = [] }) =>
      route.map(({ destination }) => resolveHost(destination.host, metadata.namespace, domain)),
    ),
  );
  return new Set(hosts);
}
