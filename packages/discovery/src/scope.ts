// What one proxy is and sees: the part of a snapshot that its resources are made of.
import { type Host, type Labels } from '@meltemi/base';
import {
  type AuthorizationPolicy,
  type Gateway,
  type LocatedResource,
  type PeerAuthentication,
  type RequestAuthentication,
  securityPolicies,
  type Sidecar,
  type Telemetry,
  type VirtualService,
} from '@meltemi/config';
import type { ServedPort, Service, Workload } from '@meltemi/registry';
import { rulePools, selectingRules } from './input/chosen-rules.ts';
import type { DestinationPolicy } from './input/destination-policy.ts';
import { type EnvoyPatch, envoyPatches } from './input/envoy-filter/envoy-patch.ts';
import { destinationPorts, type Ports } from './input/destination-ports.ts';
import { isBound } from './input/gateway-ports.ts';
import { meshHosts, type MeshRules, meshRules } from './input/mesh-rules.ts';
import { peerAuthenticationsOf } from './input/mutual-tls-modes.ts';
import { namespacePolicies } from './input/namespace-policies.ts';
import { policiesOf } from './input/policy-target.ts';
import { sidecarImports, sidecarOf } from './input/sidecar-imports.ts';
import { telemetriesOf } from './input/telemetry/telemetries-of.ts';
import { visibleRules } from './input/visible-rules.ts';
import { visibleServices } from './input/visible-services.ts';
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
  /** The rules that route requests and bytes to a host for the mesh's own proxies. */
  readonly meshRule: MeshRules;
  readonly meshTcpRule: MeshRules;
  /** Called services that are names for another, by the other's host. */
  readonly aliases: ReadonlyMap<Host, readonly Service[]>;
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
  /** Names of its namespace's DestinationRules for some workloads that are for it. */
  readonly selecting: readonly string[];
  /** What EnvoyFilters change of its resources. */
  readonly patches: readonly EnvoyPatch[];
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
  /** Which peers it asks for a certificate, the nearest said first. */
  readonly peerAuthentication: readonly LocatedResource<PeerAuthentication>[];
  /** Whose tokens it accepts. */
  readonly requestAuthentication: readonly LocatedResource<RequestAuthentication>[];
  /** What it tells of requests; later ones stand before earlier ones. */
  readonly telemetries: readonly Telemetry[];
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
    selecting: selectingRules(config.destinationRules, namespace, labels),
    patches: envoyPatches(config.objects('EnvoyFilter'), {
      namespace,
      labels,
      rootNamespace: mesh.rootNamespace,
      metadata: node.metadata,
    }),
  };
}

/** What a namespace sees, by `exportTo` and Sidecar. */
export function namespaceScope(
  snapshot: Snapshot,
  namespace: string,
  { sidecar, selecting = [], node }: Partial<Pick<Proxy, 'sidecar' | 'selecting' | 'node'>> = {},
): NamespaceScope {
  const { config, registry, mesh } = snapshot;
  const imports = sidecarImports(sidecar, namespace, mesh.domain);
  const { exportTo } = mesh;
  const delegation = { domain: mesh.domain, exportTo: exportTo.virtualServices };
  const virtualServices = visibleRules(config.virtualServices, namespace, delegation).filter((rule) =>
    imports.virtualService(rule),
  );
  const named = sidecar
    ? destinationPorts(
        virtualServices.filter((rule) => meshHosts(rule, mesh.domain).length > 0),
        { namespace, domain: mesh.domain },
      )
    : new Map<Host, Ports>();
  const { services, called } = visibleServices(
    registry.services,
    {
      namespace,
      imports,
      exportTo: exportTo.services,
      gateway: node?.kind === 'router',
      catchesDns: node?.catchesDns,
    },
    named,
  );
  const rules = {
    namespace,
    selecting,
    pools: rulePools(config.destinationRules, exportTo.destinationRules.includes('.')),
  };
  return {
    namespace,
    services,
    serviceByHost: new Map(services.map((service) => [service.host, service])),
    called,
    virtualServices,
    meshRule: meshRules(
      virtualServices.filter(({ spec }) => spec.http),
      mesh.domain,
    ),
    meshTcpRule: meshRules(
      virtualServices.filter(({ spec }) => spec.tcp),
      mesh.domain,
    ),
    aliases: aliasesOf(called),
    policies: namespacePolicies(config.destinationRules, rules, services, mesh),
  };
}

/** What a namespace saw before, in all that it sees the same. */
export function reusedScope(before: NamespaceScope | undefined, now: NamespaceScope): NamespaceScope {
  if (!before) return now;
  const services = sameItems(before.services, now.services) ? before.services : now.services;
  const called = sameItems(before.called, now.called) ? before.called : now.called;
  const rules = sameItems(before.virtualServices, now.virtualServices);
  const policies = samePolicies(before.policies, now.policies) ? before.policies : now.policies;
  if (rules && services === before.services && called === before.called && policies === before.policies) return before;
  return {
    ...now,
    services,
    called,
    policies,
    ...(services === before.services && { serviceByHost: before.serviceByHost }),
    ...(called === before.called && { aliases: before.aliases }),
    ...(rules && pickRules(before)),
  };
}

function pickRules({ virtualServices, meshRule, meshTcpRule }: NamespaceScope) {
  return { virtualServices, meshRule, meshTcpRule };
}

function sameItems(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

function samePolicies(one: NamespaceScope['policies'], other: NamespaceScope['policies']): boolean {
  return one.size === other.size && one.entries().every(([host, policy]) => other.get(host) === policy);
}

function aliasesOf(called: readonly Service[]): ReadonlyMap<Host, readonly Service[]> {
  const aliases = called.filter(({ externalName }) => externalName !== undefined);
  return Map.groupBy(aliases, ({ externalName }) => externalName!);
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
  const policies = securityPolicies(config, mesh.domain);
  return {
    ...proxy,
    visible,
    served,
    gateways: node.kind === 'router' ? gateways : [],
    outboundTrafficPolicy: sidecar?.spec.outboundTrafficPolicy?.mode ?? mesh.outboundTrafficPolicy,
    authorization: policiesOf(policies.authorizationPolicies, workload),
    requestAuthentication: policiesOf(policies.requestAuthentications, workload),
    peerAuthentication: peerAuthenticationsOf(policies.peerAuthentications, workload),
    telemetries: telemetriesOf(config.objects('Telemetry'), workload),
  };
}
