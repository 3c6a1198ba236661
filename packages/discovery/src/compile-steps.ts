// The steps from a proxy's scope to its resources, a list for what several proxies may have alike and one for what one has alone.
import { ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { TypedExtensionConfigSchema } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import { ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import { SecretSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import { NameTableSchema } from '@meltemi/api/istio/networking/nds/v1/nds_pb';
import { type ScopeSources } from './compile-memos.ts';
import { type Encoded, encodeAll, joined, NOTHING_ENCODED } from './encoded.ts';
import type { FragmentCache, Generation } from './fragment-cache.ts';
import { generateCluster } from './generate/cluster.ts';
import { composeListener } from './generate/compose-listener.ts';
import { composeRoutes } from './generate/compose-routes.ts';
import { generateListener } from './generate/listener.ts';
import {
  generateAddedCluster,
  generateAddedExtension,
  generateAddedListener,
} from './generate/patch/added-resource.ts';
import { generateNameTable } from './generate/name-table.ts';
import { generateRoutes } from './generate/route.ts';
import { generateSecret } from './generate/secret.ts';
import { grpcClientListeners, grpcClusters, grpcRoutes, grpcServerListeners } from './grpc-resources.ts';
import { guardedListeners } from './input/authorization-input.ts';
import type { ClusterInput } from './input/cluster-input.ts';
import { BLACK_HOLE_CLUSTER } from './input/cluster-name.ts';
import { addedExtensions } from './input/envoy-filter/envoy-patch.ts';
import type { AddedInput } from './input/envoy-filter/patch-input.ts';
import { addedClusters, patchedClusters } from './input/envoy-filter/patched-clusters.ts';
import { addedListeners, patchedListeners } from './input/envoy-filter/patched-listeners.ts';
import { patchedRoutes, routePatching } from './input/envoy-filter/patched-routes.ts';
import { gatewayConflicts } from './input/gateway-conflicts.ts';
import { gatewayForm } from './input/gateway-form.ts';
import type { ListenerInput } from './input/listener-input.ts';
import { limitedListeners } from './input/limited-listeners.ts';
import { MIXER_CLUSTER, mixedListeners, mixerClusters, withholdingClusters } from './input/mixer-input.ts';
import { placedForm } from './input/placed-form.ts';
import { plainServers } from './input/plain-servers.ts';
import type { ProxyForm } from './input/proxy-form.ts';
import { redirectedForm } from './input/redirected-form.ts';
import { meshWideListeners, meshWideRoutes } from './input/mesh-wide.ts';
import { observedListeners } from './input/telemetry/observed-listeners.ts';
import { outboundClusterInputs } from './input/outbound-cluster-inputs.ts';
import { type NameTableInput, nameTableInput, NO_NAMES } from './input/name-table-input.ts';
import type { RouteInput } from './input/route-input.ts';
import type { SecretInput } from './input/secret-input.ts';
import { secretInputs } from './input/secret-inputs.ts';
import { serverNameEndpoints } from './input/server-name-clusters.ts';
import { ENDPOINTS } from './namespace-endpoints.ts';
import { type Proxy } from './scope.ts';

const CLUSTERS: Generation<ClusterInput, typeof ClusterSchema> = {
  schema: ClusterSchema,
  generate: generateCluster,
  uses: (input) => (input.kind === 'outbound' && input.discovery.kind === 'eds' ? [input.name] : []),
};

const LISTENERS: Generation<ListenerInput, typeof ListenerSchema> = {
  schema: ListenerSchema,
  generate: generateListener,
  compose: composeListener,
  uses: routeNames,
};

const ROUTES: Generation<RouteInput, typeof RouteConfigurationSchema> = {
  schema: RouteConfigurationSchema,
  generate: generateRoutes,
  compose: composeRoutes,
  uses: () => [],
};

const ADDED_CLUSTERS: Generation<AddedInput, typeof ClusterSchema> = {
  schema: ClusterSchema,
  generate: generateAddedCluster,
  uses: () => [],
};

const ADDED_LISTENERS: Generation<AddedInput, typeof ListenerSchema> = {
  schema: ListenerSchema,
  generate: generateAddedListener,
  uses: () => [],
};

const EXTENSIONS: Generation<AddedInput, typeof TypedExtensionConfigSchema> = {
  schema: TypedExtensionConfigSchema,
  generate: generateAddedExtension,
  uses: () => [],
};

const SECRETS: Generation<SecretInput, typeof SecretSchema> = {
  schema: SecretSchema,
  generate: generateSecret,
  uses: () => [],
};

const NAME_TABLES: Generation<NameTableInput, typeof NameTableSchema> = {
  schema: NameTableSchema,
  generate: generateNameTable,
  uses: () => [],
};

/** What is made of a scope, encoded. */
export type Step = (from: ScopeSources, cache: FragmentCache) => Encoded;

const sharedClusters: Step = ({ scope, snapshot }, cache) => {
  const { patches, redirected, node } = scope;
  const { registry, mesh } = snapshot;
  const sources = { registry, mesh, redirected, plain: plainServers(snapshot), gateway: node.kind === 'router' };
  const clusters: ClusterInput[] = [
    ...outboundClusterInputs(scope.visible, sources),
    { kind: 'black-hole', name: BLACK_HOLE_CLUSTER },
  ];
  const passing = withholdingClusters(clusters, scope, snapshot);
  return encodeAll(patchedClusters(passing, { patches, kind: node.kind }), CLUSTERS, cache);
};

const ownClusters: Step = ({ scope, snapshot }, cache) => {
  const patching = { patches: scope.patches, kind: scope.node.kind };
  const own = withholdingClusters(formOf(scope).clusters(scope, snapshot), scope, snapshot);
  const clusters = patchedClusters([...own, ...mixerClusters(scope, snapshot)], patching);
  return joined(encodeAll(clusters, CLUSTERS, cache), encodeAll(addedClusters(patching), ADDED_CLUSTERS, cache));
};

const sharedListeners: Step = ({ scope, snapshot }, cache) =>
  encodeListeners(formOf(scope).sharedListeners(scope, snapshot), { scope, snapshot }, cache);

const ownListeners: Step = ({ scope, snapshot }, cache) =>
  joined(
    { table: NOTHING_ENCODED.table, problems: gatewayConflicts(scope) },
    encodeListeners(formOf(scope).ownListeners(scope, snapshot), { scope, snapshot }, cache),
    encodeAll(addedListeners(scope.patches, scope.node.kind), ADDED_LISTENERS, cache),
  );

function encodeListeners(
  listeners: readonly ListenerInput[],
  { scope, snapshot }: ScopeSources,
  cache: FragmentCache,
): Encoded {
  const limited = limitedListeners(guardedListeners(listeners, scope, snapshot), scope, snapshot, MIXER_CLUSTER);
  const guarded = mixedListeners(limited, scope, snapshot);
  const observed = meshWideListeners(observedListeners(guarded, scope, snapshot.mesh), snapshot.mesh);
  return encodeAll(patchedListeners(observed, scope.patches), LISTENERS, cache);
}

const routeTables: Step = ({ scope, snapshot }, cache) =>
  encodeAll(
    patchedRoutes(
      meshWideRoutes(formOf(scope).routes(scope, snapshot), snapshot.mesh),
      scope.patches,
      routePatching(scope),
    ),
    ROUTES,
    cache,
  );

/** What a gateway between networks reaches by the names in hellos. */
const ownEndpoints: Step = ({ scope, snapshot }, cache) =>
  encodeAll(serverNameEndpoints(scope, snapshot), ENDPOINTS, cache);

const extensionConfigs: Step = ({ scope }, cache) => encodeAll(addedExtensions(scope.patches), EXTENSIONS, cache);

const secretTables: Step = ({ scope, snapshot }, cache) => {
  const { inputs, problems } = secretInputs(scope, snapshot);
  const { table, problems: more } = encodeAll(inputs, SECRETS, cache);
  return { table, problems: [...problems, ...more] };
};

const nameTables: Step = ({ scope, snapshot }, cache) =>
  encodeAll([scope.node.kind === 'router' ? NO_NAMES : nameTableInput(scope.visible, snapshot)], NAME_TABLES, cache);

/** What a proxy is for, and how connections come to it. */
function formOf({ node, redirected }: Pick<Proxy, 'node' | 'redirected'>): ProxyForm {
  if (node.kind === 'router') return gatewayForm;
  return redirected ? redirectedForm : placedForm;
}

/** What follows from the namespace, for a proxy and for an application without one. */
export const SHARED = {
  clusters: { proxied: sharedClusters, proxyless: grpcClusters },
  listeners: { proxied: sharedListeners, proxyless: grpcClientListeners },
  routes: { proxied: routeTables, proxyless: grpcRoutes },
  names: { proxied: nameTables, proxyless: nameTables },
} as const;

/** What follows from the one alone. */
export const OWN = {
  clusters: { proxied: ownClusters, proxyless: () => NOTHING_ENCODED },
  listeners: { proxied: ownListeners, proxyless: grpcServerListeners },
  endpoints: { proxied: ownEndpoints, proxyless: () => NOTHING_ENCODED },
  extensions: { proxied: extensionConfigs, proxyless: extensionConfigs },
  secrets: { proxied: secretTables, proxyless: secretTables },
} as const;

function routeNames(input: ListenerInput): readonly string[] {
  const traffics = input.chains.map(({ traffic }) => traffic);
  return traffics.flatMap((traffic) => (traffic.kind === 'routes' ? [traffic.routeName] : []));
}
