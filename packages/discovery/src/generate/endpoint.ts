// EndpointInput → ClusterLoadAssignment.
import { create } from '@bufbuild/protobuf';
import { HealthStatus } from '@meltemi/api/envoy/config/core/v3/health_check_pb';
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '@meltemi/api/envoy/config/endpoint/v3/endpoint_pb';
import { type LbEndpoint, LbEndpointSchema } from '@meltemi/api/envoy/config/endpoint/v3/endpoint_components_pb';
import type { EndpointInput, LocalityEndpointInput } from '../input/endpoint-input.ts';
import { address } from './address.ts';
import { metadata } from './metadata.ts';

export function generateEndpoints(input: EndpointInput): ClusterLoadAssignment {
  return create(ClusterLoadAssignmentSchema, {
    clusterName: input.name,
    endpoints: input.localities.map(({ locality, endpoints, priority, weight: said }) => {
      const [region, zone, subZone] = locality.split('/');
      const weight = endpoints.reduce((sum, endpoint) => sum + Math.max(1, endpoint.weight), 0);
      return {
        // Written even where it says nothing: gRPC libraries insist on it.
        locality: { region: region ?? '', zone: zone ?? '', subZone: subZone ?? '' },
        lbEndpoints: endpoints.map(lbEndpoint),
        loadBalancingWeight: said ?? Math.max(1, weight),
        ...(priority && { priority }),
      };
    }),
  });
}

/** The one cluster that we know: Istio's name for it. */
const CLUSTER = 'Kubernetes';

/** `istio.workload` is `name;namespace;application;version;cluster`. */
export function lbEndpoint(input: LocalityEndpointInput): LbEndpoint {
  const { canonicalName, canonicalRevision } = input;
  const names = [input.workload, input.namespace, canonicalName, canonicalRevision, CLUSTER];
  const workload = metadata(undefined, { workload: names.join(';') });
  return create(LbEndpointSchema, {
    hostIdentifier: { case: 'endpoint', value: { address: address(input) } },
    healthStatus: input.healthy ? HealthStatus.HEALTHY : HealthStatus.UNHEALTHY,
    loadBalancingWeight: Math.max(1, input.weight),
    metadata: {
      filterMetadata: {
        ...workload?.filterMetadata,
        ...(input.inMesh && { 'envoy.transport_socket_match': { tlsMode: 'istio' } }),
      },
    },
  });
}
