// Turns a cluster's transport sockets into what to speak to which endpoint: plaintext or TLS.
import type { JsonObject } from '@bufbuild/protobuf';
import { unpackAny } from '@meltemi/api';
import type { Cluster } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import type { TransportSocket } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { RawBufferSchema } from '@meltemi/api/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb';
import {
  type UpstreamTlsContext,
  UpstreamTlsContextSchema,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { ClusterConfigError } from './cluster-config-error.ts';

export type TransportSettings =
  | { readonly kind: 'plaintext' }
  | { readonly kind: 'tls'; readonly context: UpstreamTlsContext };

/** The first rule whose labels an endpoint has (metadata `envoy.transport_socket_match`) gives its transport. */
export interface TransportRules {
  readonly rules: readonly TransportRule[];
  readonly otherwise: TransportSettings;
}

export interface TransportRule {
  readonly name: string;
  readonly labels: JsonObject;
  readonly transport: TransportSettings;
}

export function transportRules(cluster: Cluster): TransportRules {
  return {
    rules: cluster.transportSocketMatches.map((match) => ({
      name: match.name,
      labels: match.match ?? {},
      transport: transportSettings(match.transportSocket),
    })),
    otherwise: transportSettings(cluster.transportSocket),
  };
}

/** Which transport an endpoint with these labels gets: an index of `rules`, or -1. */
export function matchTransport(rules: TransportRules, labels: JsonObject): number {
  return rules.rules.findIndex((rule) =>
    Object.entries(rule.labels).every(([name, value]) => JSON.stringify(labels[name]) === JSON.stringify(value)),
  );
}

function transportSettings(socket: TransportSocket | undefined): TransportSettings {
  if (!socket) return { kind: 'plaintext' };
  const config = socket.configType.case === 'typedConfig' ? socket.configType.value : undefined;
  const context = unpackAny(config, UpstreamTlsContextSchema);
  if (context) return { kind: 'tls', context };
  if (unpackAny(config, RawBufferSchema) || socket.name === 'envoy.transport_sockets.raw_buffer') {
    return { kind: 'plaintext' };
  }
  const type = config?.typeUrl ?? socket.name;
  throw new ClusterConfigError('UNSUPPORTED_TRANSPORT', `transport socket ${type} is not supported`);
}
