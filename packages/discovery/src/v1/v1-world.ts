// A snapshot as Pilot 0.x saw it: Kubernetes' services, their instances, and the rules in their original form.
import { type Host, serviceHost } from '@meltemi/base';
import type { RegistryView, Service, ServicePort } from '@meltemi/registry';
import type { Snapshot } from '../snapshot.ts';
import type { Instance } from './instance.ts';
import type { Release } from './release.ts';
import type { V1Mesh } from './v1-mesh.ts';
import type { V1Node } from './v1-node.ts';
import { type V1Rules, v1Rules } from './v1-rules.ts';

export interface V1Options {
  readonly release: Release;
  readonly mesh: V1Mesh;
  /** 0.1 watches one namespace; undefined: all. */
  readonly namespace?: string;
}

export interface V1World {
  readonly release: Release;
  readonly mesh: V1Mesh;
  readonly trustDomain: string;
  /** By host. */
  readonly services: readonly Service[];
  readonly serviceByHost: ReadonlyMap<Host, Service>;
  readonly instances: InstanceIndex;
  readonly rules: V1Rules;
  readonly snapshot: Snapshot;
}

/** All instances, and by where they are. */
export interface InstanceIndex {
  readonly all: readonly Instance[];
  /** By `namespace/name`. */
  readonly byWorkload: ReadonlyMap<string, readonly Instance[]>;
  readonly byAddress: ReadonlyMap<Host, readonly Instance[]>;
}

export function v1World(snapshot: Snapshot, { release, mesh, namespace }: V1Options): V1World {
  const { domain, trustDomain } = snapshot.mesh;
  const watched = (other: string): boolean => namespace === undefined || other === namespace;
  const written = snapshot.config.objects('Service').filter(({ metadata }) => watched(metadata.namespace));
  const hosts = new Set(written.map(({ metadata }) => serviceHost(metadata.name, metadata.namespace, domain)));
  const services = snapshot.registry.services.filter(({ host, entry }) => !entry && hosts.has(host));
  return {
    release,
    // The egress proxy was gone by then: proxies call external services themselves.
    mesh: release === '0.7' ? { ...mesh, egressProxyAddress: '' } : mesh,
    trustDomain,
    services,
    serviceByHost: new Map(services.map((service) => [service.host, service])),
    instances: instanceIndex(snapshot.registry, services),
    rules: v1Rules(snapshot.config, { mesh, domain, release, watched }),
    snapshot,
  };
}

/** A service that stands for a name outside of the mesh. */
export function isExternal(service: Service): boolean {
  return service.externalName !== undefined;
}

/** In the order of Kubernetes' Endpoints. Two ports of one number share what the registry knows of it. */
export function instancesOf(registry: RegistryView, service: Service, port: ServicePort): readonly Instance[] {
  const endpoints = registry.instances(service.host, port.number, service.namespace);
  const seen = new Set<string>();
  return endpoints.flatMap((endpoint) => {
    const address = `${endpoint.address.host}:${endpoint.address.port}`;
    if (seen.has(address)) return [];
    seen.add(address);
    return [{ service, port, endpoint }];
  });
}

function instanceIndex(registry: RegistryView, services: readonly Service[]): InstanceIndex {
  const all = services.flatMap((service) => service.ports.flatMap((port) => instancesOf(registry, service, port)));
  return {
    all,
    byWorkload: Map.groupBy(all, ({ endpoint }) => `${endpoint.namespace}/${endpoint.workload}`),
    byAddress: Map.groupBy(all, ({ endpoint }) => endpoint.address.host),
  };
}

/** What a proxy stands before: the instances of its pod where that is known, else those at its address. */
export function nodeInstances(world: V1World, node: V1Node): readonly Instance[] {
  if (node.kind !== 'sidecar') return [];
  const [workload, namespace] = splitId(node.id);
  const { byWorkload, byAddress } = world.instances;
  const known = world.snapshot.registry.workload(namespace, workload) !== undefined;
  return (known ? byWorkload.get(`${namespace}/${workload}`) : byAddress.get(node.address)) ?? [];
}

/** The ports that only the platform asks. */
export function managementPorts(world: V1World, node: V1Node): readonly number[] {
  const [workload, namespace] = splitId(node.id);
  return world.snapshot.registry.workload(namespace, workload)?.managementPorts ?? [];
}

function splitId(id: string): readonly [string, string] {
  const dot = id.lastIndexOf('.');
  return dot < 0 ? [id, ''] : [id.slice(0, dot), id.slice(dot + 1)];
}
