// GrpcClusterInput → Cluster, with nothing that a gRPC library would refuse.
import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  Cluster_RingHashLbConfig_HashFunction,
  ClusterSchema,
  type LoadBalancingPolicy,
  LoadBalancingPolicySchema,
} from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { LeastRequestSchema } from '@meltemi/api/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb';
import { RoundRobinSchema } from '@meltemi/api/envoy/extensions/load_balancing_policies/round_robin/v3/round_robin_pb';
import { WrrLocalitySchema } from '@meltemi/api/envoy/extensions/load_balancing_policies/wrr_locality/v3/wrr_locality_pb';
import type { GrpcClusterInput } from '../../input/grpc/grpc-cluster-input.ts';
import { adsSource } from '../config-source.ts';
import { lbEndpoint } from '../endpoint.ts';
import { grpcClientTls } from './grpc-tls.ts';

export function generateGrpcCluster(input: GrpcClusterInput): Cluster {
  const { name, maxRequests, peers } = input;
  return create(ClusterSchema, {
    name,
    altStatName: `${name};`,
    ...discovery(input),
    ...balancer(input),
    ...(maxRequests > 0 && { circuitBreakers: { thresholds: [{ maxRequests }] } }),
    ...(peers && { transportSocket: grpcClientTls(peers) }),
  });
}

function discovery({ name, lookup }: GrpcClusterInput) {
  if (!lookup) {
    return {
      clusterDiscoveryType: { case: 'type' as const, value: Cluster_DiscoveryType.EDS },
      edsClusterConfig: { edsConfig: adsSource(), serviceName: name },
    };
  }
  const endpoints = [{ lbEndpoints: [lbEndpoint(lookup)] }];
  return {
    clusterDiscoveryType: { case: 'type' as const, value: Cluster_DiscoveryType.LOGICAL_DNS },
    loadAssignment: { clusterName: name, endpoints },
  };
}

function balancer({ loadBalancer }: GrpcClusterInput) {
  if (loadBalancer === 'round-robin') return { lbPolicy: Cluster_LbPolicy.ROUND_ROBIN };
  if (loadBalancer === 'least-request')
    return { lbPolicy: Cluster_LbPolicy.ROUND_ROBIN, loadBalancingPolicy: leastRequest() };
  const value = {
    minimumRingSize: BigInt(loadBalancer.minimumRingSize),
    hashFunction: Cluster_RingHashLbConfig_HashFunction.XX_HASH,
  };
  return { lbPolicy: Cluster_LbPolicy.RING_HASH, lbConfig: { case: 'ringHashLbConfig' as const, value } };
}

/** A library takes the first that it knows; not all have this one, and would refuse it as `lb_policy`. */
function leastRequest(): LoadBalancingPolicy {
  const endpointPickingPolicy = create(LoadBalancingPolicySchema, {
    policies: [
      policy('least_request', LeastRequestSchema, create(LeastRequestSchema)),
      policy('round_robin', RoundRobinSchema, create(RoundRobinSchema)),
    ],
  });
  const byLocality = create(WrrLocalitySchema, { endpointPickingPolicy });
  return create(LoadBalancingPolicySchema, { policies: [policy('wrr_locality', WrrLocalitySchema, byLocality)] });
}

function policy<Desc extends DescMessage>(name: string, schema: Desc, message: MessageShape<Desc>) {
  const typedConfig = packAny(schema, message);
  return { typedExtensionConfig: { name: `envoy.load_balancing_policies.${name}`, typedConfig } };
}
