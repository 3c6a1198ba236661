// Where a proxy gets what a resource only names.
import { create } from '@bufbuild/protobuf';
import {
  ApiConfigSource_ApiType,
  ApiVersion,
  type ConfigSource,
  ConfigSourceSchema,
} from '@meltemi/api/envoy/config/core/v3/config_source_pb';

/** The stream that the resource itself came by. What it names comes by it too: to go on without would only fail requests. */
export function adsSource(): ConfigSource {
  return create(ConfigSourceSchema, {
    configSourceSpecifier: { case: 'ads', value: {} },
    resourceApiVersion: ApiVersion.V3,
    initialFetchTimeout: { seconds: 0n, nanos: 0 },
  });
}

/** The same for keys, which a proxy can do without until they come. */
export function adsSecretSource(): ConfigSource {
  return create(ConfigSourceSchema, {
    configSourceSpecifier: { case: 'ads', value: {} },
    resourceApiVersion: ApiVersion.V3,
  });
}

/** The agent beside the proxy, which keeps keys: cluster `sds-grpc` of the bootstrap. */
export function agentSource(): ConfigSource {
  const agent = { targetSpecifier: { case: 'envoyGrpc', value: { clusterName: 'sds-grpc' } } } as const;
  return create(ConfigSourceSchema, {
    configSourceSpecifier: {
      case: 'apiConfigSource',
      value: {
        apiType: ApiConfigSource_ApiType.GRPC,
        transportApiVersion: ApiVersion.V3,
        grpcServices: [agent],
        setNodeOnFirstMessageOnly: true,
      },
    },
    resourceApiVersion: ApiVersion.V3,
    // 0: waits for the agent however long it takes; to start without a key would only fail every connection.
    initialFetchTimeout: { seconds: 0n, nanos: 0 },
  });
}
