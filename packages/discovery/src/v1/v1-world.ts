// A snapshot as Pilot 0.x saw it: Kubernetes' services, their instances, and the rules in their original form.
import { serviceHost } from '@meltemi/base';
import type { Endpoint, Service, ServicePort } from '@meltemi/registry';
import type { Snapshot } from '../snapshot.ts';
import type { V1Mesh } from './v1-mesh.ts';
import type { V1Node } from './v1-node.ts';
import { type V1Rules, v1Rules } from './v1-rules.ts';

export type Release = '0.1' | '0.2' | '0.7';

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
  readonly rules: V1Rules;
  readonly snapshot: Snapshot;
}

/** One endpoint of one port of a service. */
export interface Instance {
  readonly service: Service;
  readonly port: ServicePort;
  readonly endpoint: Endpoint;
}

export function v1World(snapshot: Snapshot, { release, mesh, namespace }: V1Options): V1World {
  const { domain, trustDomain } = snapshot.mesh;
  const watched = (other: string): boolean => namespace === undefined || other === namespace;
  const written = snapshot.config.objects('Service').filter(({ metadata }) => watched(metadata.namespace));
  const hosts = new Set(written.map(({ metadata }) => serviceHost(metadata.name, metadata.namespace, domain)));
  return {
    release,
    mesh,
    trustDomain,
    services: snapshot.registry.services.filter(({ host }) => hosts.has(host)),
    rules: v1Rules(snapshot.config, { mesh, domain, watched, release }),
    snapshot,
  };
}

/** A service that stands for a name outside of the mesh. */
export function isExternal(service: Service): boolean {
  return service.externalName !== undefined;
}

/** In the order of Kubernetes' Endpoints. Two ports of one number share what the registry knows of it. */
export function instancesOf(world: V1World, service: Service, port: ServicePort): readonly Instance[] {
  const endpoints = world.snapshot.registry.instances(service.host, port.number);
  const seen = new Set<string>();
  return endpoints.flatMap((endpoint) => {
    const address = `${endpoint.address.host}:${endpoint.address.port}`;
    if (seen.has(address)) return [];
    seen.add(address);
    return [{ service, port, endpoint }];
  });
}

export function allInstances(world: V1World): readonly Instance[] {
  return world.services.flatMap((service) => service.ports.flatMap((port) => instancesOf(world, service, port)));
}

/** What a proxy stands before: the instances of its pod where that is known, else those at its address. */
export function nodeInstances(world: V1World, node: V1Node): readonly Instance[] {
  if (node.kind !== 'sidecar') return [];
  const [workload, namespace] = splitId(node.id);
  const known = world.snapshot.registry.workload(namespace, workload) !== undefined;
  return allInstances(world).filter(({ endpoint }) =>
    known
      ? endpoint.workload === workload && endpoint.namespace === namespace
      : endpoint.address.host === node.address,
  );
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
