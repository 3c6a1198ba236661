// Names the gRPC methods by which each kind of source is asked, in both forms of the protocol.
import { AggregatedDiscoveryService } from '@meltemi/api/envoy/service/discovery/v3/ads_pb';
import type { XdsType } from '@meltemi/api';
import { grpcService } from '@meltemi/rpc';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';

/** `ads`: all types on one stream; else a stream of its own for one type. */
export type XdsService = 'ads' | 'cds' | 'eds' | 'lds' | 'rds' | 'sds' | 'ecds' | 'vhds';
/** State of the world, or incremental. */
export type XdsForm = 'sotw' | 'delta';

export interface XdsMethods {
  readonly definition: ServiceDefinition;
  readonly methods: Readonly<Record<XdsForm, string>>;
}

const AGGREGATED = grpcService(AggregatedDiscoveryService);

/** All services carry the messages of ADS; only their names differ. */
export const XDS_SERVICES: Readonly<Record<XdsService, XdsMethods>> = {
  ads: {
    definition: AGGREGATED,
    methods: { sotw: 'StreamAggregatedResources', delta: 'DeltaAggregatedResources' },
  },
  cds: methodsOf('envoy.service.cluster.v3.ClusterDiscoveryService', 'Clusters'),
  eds: methodsOf('envoy.service.endpoint.v3.EndpointDiscoveryService', 'Endpoints'),
  lds: methodsOf('envoy.service.listener.v3.ListenerDiscoveryService', 'Listeners'),
  rds: methodsOf('envoy.service.route.v3.RouteDiscoveryService', 'Routes'),
  sds: methodsOf('envoy.service.secret.v3.SecretDiscoveryService', 'Secrets'),
  ecds: methodsOf('envoy.service.extension.v3.ExtensionConfigDiscoveryService', 'ExtensionConfigs'),
  vhds: methodsOf('envoy.service.route.v3.VirtualHostDiscoveryService', 'VirtualHosts'),
};

/** The service that serves one type alone. */
export function serviceOf(type: XdsType): XdsService {
  return type.toLowerCase() as XdsService;
}

function methodsOf(service: string, resources: string): XdsMethods {
  const sotw = `Stream${resources}`;
  const delta = `Delta${resources}`;
  const method = (name: string, like: string): MethodDefinition<unknown, unknown> => ({
    ...AGGREGATED[like]!,
    path: `/${service}/${name}`,
    originalName: name,
  });
  return {
    definition: {
      [sotw]: method(sotw, 'StreamAggregatedResources'),
      [delta]: method(delta, 'DeltaAggregatedResources'),
    },
    methods: { sotw, delta },
  };
}
