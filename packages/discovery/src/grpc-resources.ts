// What a gRPC library that is a proxy of its own is to have: scope → inputs → generate → encode.
// https://istio.io/latest/blog/2021/proxyless-grpc/
import { ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import type { ScopeSources } from './compile-memos.ts';
import { type Encoded, encodeAll } from './encoded.ts';
import type { FragmentCache, Generation } from './fragment-cache.ts';
import { generateGrpcCluster } from './generate/grpc/grpc-cluster.ts';
import { generateGrpcListener } from './generate/grpc/grpc-listener.ts';
import { generateGrpcRoutes } from './generate/grpc/grpc-routes.ts';
import { type GrpcClusterInput, grpcClusterInput } from './input/grpc/grpc-cluster-input.ts';
import { grpcClientInputs, type GrpcListenerInput, grpcServerInputs } from './input/grpc/grpc-listener-input.ts';
import { type GrpcRouteInput, grpcRouteInputs } from './input/grpc/grpc-route-input.ts';
import { outboundClusterInputs } from './input/outbound-cluster-inputs.ts';
import { plainServers } from './input/plain-servers.ts';

const CLUSTERS: Generation<GrpcClusterInput, typeof ClusterSchema> = {
  schema: ClusterSchema,
  generate: generateGrpcCluster,
  // These libraries ask for what they use, when they use it.
  uses: () => [],
};

const LISTENERS: Generation<GrpcListenerInput, typeof ListenerSchema> = {
  schema: ListenerSchema,
  generate: generateGrpcListener,
  uses: () => [],
};

const ROUTES: Generation<GrpcRouteInput, typeof RouteConfigurationSchema> = {
  schema: RouteConfigurationSchema,
  generate: generateGrpcRoutes,
  uses: () => [],
};

type Step = (from: ScopeSources, cache: FragmentCache) => Encoded;

export const grpcClusters: Step = ({ scope, snapshot }, cache) => {
  const { registry, mesh } = snapshot;
  const sources = { registry, mesh, plain: plainServers(snapshot), redirected: false, gateway: true };
  const inputs = outboundClusterInputs(scope.visible, sources);
  return encodeAll(
    inputs.flatMap((input) => grpcClusterInput(input) ?? []),
    CLUSTERS,
    cache,
  );
};

export const grpcClientListeners: Step = ({ scope, snapshot }, cache) =>
  encodeAll(grpcClientInputs(scope, snapshot), LISTENERS, cache);

export const grpcServerListeners: Step = ({ scope, snapshot }, cache) =>
  encodeAll(grpcServerInputs(scope, snapshot), LISTENERS, cache);

export const grpcRoutes: Step = ({ scope, snapshot }, cache) =>
  encodeAll(grpcRouteInputs(scope, snapshot), ROUTES, cache);
