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
    endpoints: input.localities.map(({ locality, endpoints }) => {
      const [region, zone, subZone] = locality.split('/');
      const weight = endpoints.reduce((sum, endpoint) => sum + Math.max(1, endpoint.weight), 0);
      return {
        ...(locality && { locality: { region: region ?? '', zone: zone ?? '', subZone: subZone ?? '' } }),
        lbEndpoints: endpoints.map(lbEndpoint),
        loadBalancingWeight: Math.max(1, weight),
      };
    }),
  });
}

/** `istio.workload` is `name;namespace;;;`: the workload and its namespace are what we know. */
function lbEndpoint(input: LocalityEndpointInput): LbEndpoint {
  const workload = metadata(undefined, { workload: `${input.workload};${input.namespace};;;` });
  return create(LbEndpointSchema, {
    hostIdentifier: { case: 'endpoint', value: { address: address(input) } },
    healthStatus: input.healthy ? HealthStatus.HEALTHY : HealthStatus.UNHEALTHY,
    ...(input.weight > 0 && { loadBalancingWeight: input.weight }),
    metadata: {
      filterMetadata: {
        ...workload?.filterMetadata,
        ...(input.inMesh && { 'envoy.transport_socket_match': { tlsMode: 'istio' } }),
      },
    },
  });
}
