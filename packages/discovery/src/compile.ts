// Turns a snapshot into what each proxy is to have: scope → inputs → generate → encode.
import type { DescMessage } from '@bufbuild/protobuf';
import { ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { ClusterLoadAssignmentSchema } from '@meltemi/api/envoy/config/endpoint/v3/endpoint_pb';
import { ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import type { Problem } from '@meltemi/base';
import type { Fragment } from './fragment.ts';
import type { FragmentCache, Generation } from './fragment-cache.ts';
import { generateCluster } from './generate/cluster.ts';
import { generateEndpoints } from './generate/endpoint.ts';
import { generateListener } from './generate/listener.ts';
import { generateRoutes } from './generate/route.ts';
import { guardedListeners } from './input/authorization-input.ts';
import type { ClusterInput } from './input/cluster-input.ts';
import { BLACK_HOLE_CLUSTER } from './input/cluster-name.ts';
import type { EndpointInput } from './input/endpoint-input.ts';
import { endpointInputs } from './input/endpoint-inputs.ts';
import { gatewayForm } from './input/gateway-form.ts';
import type { ListenerInput } from './input/listener-input.ts';
import { placedForm } from './input/placed-form.ts';
import type { ProxyForm } from './input/proxy-form.ts';
import { redirectedForm } from './input/redirected-form.ts';
import { outboundClusterInputs } from './input/outbound-cluster-inputs.ts';
import type { RouteInput } from './input/route-input.ts';
import type { ProxyNode } from './proxy-node.ts';
import type { ProxyResources } from './resources.ts';
import { type NamespaceScope, namespaceScope, type Proxy, proxyOf, type ProxyScope, proxyScope } from './scope.ts';
import type { Snapshot } from './snapshot.ts';

const CLUSTERS: Generation<ClusterInput, typeof ClusterSchema> = {
  schema: ClusterSchema,
  generate: generateCluster,
  uses: (input) => (input.kind === 'outbound' && input.discovery.kind === 'eds' ? [input.name] : []),
};

const ENDPOINTS: Generation<EndpointInput, typeof ClusterLoadAssignmentSchema> = {
  schema: ClusterLoadAssignmentSchema,
  generate: generateEndpoints,
  uses: () => [],
};

const LISTENERS: Generation<ListenerInput, typeof ListenerSchema> = {
  schema: ListenerSchema,
  generate: generateListener,
  uses: routeNames,
};

const ROUTES: Generation<RouteInput, typeof RouteConfigurationSchema> = {
  schema: RouteConfigurationSchema,
  generate: generateRoutes,
  uses: () => [],
};

/** What proxies of one namespace and Sidecar share. */
interface Shared {
  readonly visible: NamespaceScope;
  readonly clusters: readonly Fragment[];
  readonly endpoints: ReadonlyMap<string, Fragment>;
}

/** The resources of one snapshot, made as proxies ask for them. */
export class SnapshotResources {
  readonly snapshot: Snapshot;
  readonly #cache: FragmentCache;
  readonly #shared = new Map<string, Shared>();
  readonly #problems = new Map<string, Problem>();

  constructor(snapshot: Snapshot, cache: FragmentCache) {
    this.snapshot = snapshot;
    this.#cache = cache;
    cache.age();
  }

  /** Resources that could not be made. */
  get problems(): readonly Problem[] {
    return [...this.#problems.values()];
  }

  resourcesOf(node: ProxyNode): ProxyResources {
    const proxy = proxyOf(this.snapshot, node);
    const { visible, clusters, endpoints } = this.#sharedOf(proxy);
    const scope = proxyScope(this.snapshot, visible, proxy);
    const form = formOf(proxy);
    return {
      CDS: byName([...clusters, ...this.#encode(form.clusters(scope, this.snapshot), CLUSTERS)]),
      EDS: endpoints,
      LDS: byName(this.#encode(this.#listeners(form, scope), LISTENERS)),
      RDS: byName(this.#encode(form.routes(scope, this.snapshot), ROUTES)),
    };
  }

  #listeners(form: ProxyForm, scope: ProxyScope): readonly ListenerInput[] {
    return guardedListeners(form.listeners(scope, this.snapshot), scope, this.snapshot.mesh);
  }

  #sharedOf({ node: { namespace }, sidecar, redirected }: Proxy): Shared {
    const key = JSON.stringify([namespace, redirected, sidecar?.metadata.namespace, sidecar?.metadata.name]);
    const known = this.#shared.get(key);
    if (known) return known;
    const visible = namespaceScope(this.snapshot, namespace, sidecar);
    const clusters: ClusterInput[] = [
      ...outboundClusterInputs(visible, { ...this.snapshot, redirected }),
      { kind: 'black-hole', name: BLACK_HOLE_CLUSTER },
    ];
    const shared = {
      visible,
      clusters: this.#encode(clusters, CLUSTERS),
      endpoints: byName(this.#encode(endpointInputs(visible, this.snapshot.registry), ENDPOINTS)),
    };
    this.#shared.set(key, shared);
    return shared;
  }

  /** One that cannot be made is left out, and said; the others are not harmed. */
  #encode<Input extends { readonly name: string }, Desc extends DescMessage>(
    inputs: readonly Input[],
    generation: Generation<Input, Desc>,
  ): Fragment[] {
    return inputs.flatMap((input) => {
      try {
        return [this.#cache.fragment(input, generation)];
      } catch (error) {
        const resource = `${generation.schema.name} ${input.name}`;
        this.#problems.set(resource, {
          severity: 'error',
          code: 'MEL0301',
          message: `${resource} cannot be made: ${(error as Error).message}`,
        });
        return [];
      }
    });
  }
}

/** What a proxy is for, and how connections come to it. */
function formOf({ node, redirected }: Proxy): ProxyForm {
  if (node.kind === 'router') return gatewayForm;
  return redirected ? redirectedForm : placedForm;
}

function byName(fragments: readonly Fragment[]): ReadonlyMap<string, Fragment> {
  return new Map(fragments.map((fragment) => [fragment.name, fragment]));
}

function routeNames(input: ListenerInput): readonly string[] {
  const traffics = input.chains.map(({ traffic }) => traffic);
  return traffics.flatMap((traffic) => (traffic.kind === 'routes' ? [traffic.routeName] : []));
}
