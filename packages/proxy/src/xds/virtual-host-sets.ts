// Gathers the virtual hosts that come one by one (VHDS) into one route configuration for each that they belong to.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/vhds
import { create, fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { packAny } from '@meltemi/api';
import { type VirtualHost, VirtualHostSchema } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { type RouteConfiguration, RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import type { DeltaDiscoveryResponse } from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import type { DecodedResource } from './decode-resource.ts';

const TYPE_URL = 'type.googleapis.com/envoy.config.route.v3.VirtualHost';

interface HeldHost {
  readonly host: VirtualHost;
  readonly version: string;
}

/** What a response came to: route configurations under their names and, under `ROUTES/HOST`, for each host asked for. */
export interface GatheredHosts {
  readonly received: readonly DecodedResource[];
  /** Names `ROUTES/HOST` that nobody answers to. */
  readonly missing: readonly string[];
}

export class VirtualHostSets {
  /** By the resource's name, `ROUTES/…`. */
  #hosts: ReadonlyMap<string, HeldHost> = new Map();
  #before = this.#hosts;

  /** By name: where a stream goes on. */
  versions(): Record<string, string> {
    return Object.fromEntries([...this.#hosts].map(([name, { version }]) => [name, version]));
  }

  /** `wanted`: what is subscribed to; route configurations among it are told even when they are empty. Throws for a resource that is no virtual host. */
  gather(
    { resources, removedResources: removed, systemVersionInfo: version }: DeltaDiscoveryResponse,
    wanted: readonly string[],
  ): GatheredHosts {
    const hosts = new Map(this.#hosts);
    for (const name of removed) hosts.delete(name);
    for (const each of resources) {
      if (each.resource) hosts.set(each.name, { host: decodeHost(each.resource), version: each.version });
    }
    this.#before = this.#hosts;
    this.#hosts = hosts;
    const routes = wanted.filter((name) => !name.includes('/'));
    const found = resources.flatMap(({ name, aliases, version: own }) => {
      const held = hosts.get(name);
      return held ? aliases.map((alias) => routesResource(alias, [held.host], own)) : [];
    });
    const missing = resources.flatMap(({ name, aliases }) => (hosts.has(name) ? [] : [name, ...aliases]));
    return { received: [...routes.map((name) => this.#whole(name, version)), ...found], missing };
  }

  /** What was gathered last is refused. */
  revert(): void {
    this.#hosts = this.#before;
  }

  #whole(routes: string, version: string): DecodedResource {
    const members = [...this.#hosts].filter(([name]) => routesOf(name) === routes);
    return routesResource(
      routes,
      members.map(([, { host }]) => host),
      version,
    );
  }
}

function routesResource(name: string, virtualHosts: readonly VirtualHost[], version: string): DecodedResource {
  const message: RouteConfiguration = create(RouteConfigurationSchema, { name, virtualHosts: [...virtualHosts] });
  return { name, version, any: packAny(RouteConfigurationSchema, message), message };
}

function decodeHost(any: Any): VirtualHost {
  if (any.typeUrl !== TYPE_URL) throw new TypeError(`a ${any.typeUrl} came as VHDS`);
  return fromBinary(VirtualHostSchema, any.value);
}

/** Of `ROUTES/HOST`, whose host has no slash. */
function routesOf(name: string): string {
  const slash = name.lastIndexOf('/');
  return slash < 0 ? name : name.slice(0, slash);
}
