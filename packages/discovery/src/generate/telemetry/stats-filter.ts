// StatsInput → the filters that count in Istio's metrics, for requests and for connections.
import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { packAny } from '@meltemi/api';
import { type Filter, FilterSchema } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { ConfigSchema as PeerMetadataSchema } from '@meltemi/api/istio/http/peer_metadata/config_pb';
import { PluginConfigSchema } from '@meltemi/api/istio/stats/config_pb';
import { msToDuration } from '@meltemi/base';
import type { StatsInput } from '../../input/telemetry/telemetry-input.ts';

const STATS = 'istio.stats';
const PEER_METADATA = 'istio.metadata_exchange';

export function httpStats(inputs: readonly StatsInput[]): HttpFilter[] {
  return inputs.map((input) => httpFilter(STATS, pluginConfig(input)));
}

export function tcpStats(inputs: readonly StatsInput[]): Filter[] {
  return inputs.map((input) =>
    create(FilterSchema, { name: STATS, configType: { case: 'typedConfig', value: pluginConfig(input) } }),
  );
}

/** Tells peers of the mesh who is speaking, and hears it of them: metrics name both ends. */
export function peerMetadata(direction: 'inbound' | 'outbound' | 'gateway'): HttpFilter {
  const headers = { methodSpecifier: { case: 'istioHeaders' as const, value: {} } };
  const inMesh = { methodSpecifier: { case: 'istioHeaders' as const, value: { skipExternalClusters: true } } };
  const config =
    direction === 'inbound'
      ? create(PeerMetadataSchema, { downstreamDiscovery: [headers], downstreamPropagation: [headers] })
      : create(PeerMetadataSchema, { upstreamDiscovery: [headers], upstreamPropagation: [inMesh] });
  return httpFilter(PEER_METADATA, packAny(PeerMetadataSchema, config));
}

function httpFilter(name: string, value: Any): HttpFilter {
  return create(HttpFilterSchema, { name, configType: { case: 'typedConfig', value } });
}

function pluginConfig({ hostHeaderFallback, tcpReportingMs, metrics }: StatsInput): Any {
  const config = create(PluginConfigSchema, {
    disableHostHeaderFallback: !hostHeaderFallback,
    ...(tcpReportingMs !== undefined && { tcpReportingDuration: msToDuration(tcpReportingMs) }),
    metrics: metrics.map(({ name, drop, dimensions, removedTags }) => ({
      name,
      drop,
      dimensions: { ...dimensions },
      tagsToRemove: [...removedTags],
    })),
  });
  return packAny(PluginConfigSchema, config);
}
