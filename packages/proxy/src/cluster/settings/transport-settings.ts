// Turns a cluster's transport sockets into what to speak to which endpoint: plaintext or TLS.
import type { JsonObject } from '@bufbuild/protobuf';
import { unpackAny } from '@meltemi/api';
import type { Cluster } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import type { TransportSocket } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { InternalUpstreamTransportSchema } from '@meltemi/api/envoy/extensions/transport_sockets/internal_upstream/v3/internal_upstream_pb';
import {
  type ProxyProtocolUpstreamTransport,
  ProxyProtocolUpstreamTransportSchema,
} from '@meltemi/api/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb';
import { ProxyProtocolConfig_Version as HeaderVersion } from '@meltemi/api/envoy/config/core/v3/proxy_protocol_pb';
import { RawBufferSchema } from '@meltemi/api/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb';
import {
  type UpstreamTlsContext,
  UpstreamTlsContextSchema,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { ClusterConfigError } from './cluster-config-error.ts';

export type TransportSettings = (
  | { readonly kind: 'plaintext' }
  | { readonly kind: 'tls'; readonly context: UpstreamTlsContext }
  /** Accepted where no endpoint is matched with it. */
  | { readonly kind: 'internal' }
) & {
  /** A PROXY protocol header of this version goes before everything else. */
  readonly proxyHeader?: 1 | 2;
};

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
    otherwise: usable(transportSettings(cluster.transportSocket)),
  };
}

function usable(transport: TransportSettings): TransportSettings {
  if (transport.kind !== 'internal') return transport;
  throw new ClusterConfigError(
    'UNSUPPORTED_TRANSPORT',
    'internal_upstream is supported in transport_socket_matches only',
  );
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
  const wrapped = unpackAny(config, ProxyProtocolUpstreamTransportSchema);
  if (wrapped) return proxyTransport(wrapped);
  if (unpackAny(config, InternalUpstreamTransportSchema)) return { kind: 'internal' };
  const type = config?.typeUrl ?? socket.name;
  throw new ClusterConfigError('UNSUPPORTED_TRANSPORT', `transport socket ${type} is not supported`);
}

function proxyTransport({ config, transportSocket }: ProxyProtocolUpstreamTransport): TransportSettings {
  if (!transportSocket)
    throw new ClusterConfigError('BAD_VALUE', 'upstream_proxy_protocol: transport_socket is missing');
  if (config?.passThroughTlvs) {
    throw new ClusterConfigError('UNSUPPORTED_FIELD', 'upstream_proxy_protocol: pass_through_tlvs is not supported');
  }
  const inner = transportSettings(transportSocket);
  if (inner.proxyHeader) throw new ClusterConfigError('BAD_VALUE', 'upstream_proxy_protocol wraps itself');
  return { ...inner, proxyHeader: config?.version === HeaderVersion.V2 ? 2 : 1 };
}
