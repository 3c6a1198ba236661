// Writes how a cluster speaks HTTP: its version, and how long and how often a connection is used.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { packAny } from '@meltemi/api';
import { HeaderMutationSchema } from '@meltemi/api/envoy/extensions/filters/http/header_mutation/v3/header_mutation_pb';
import { UpstreamCodecSchema } from '@meltemi/api/envoy/extensions/filters/http/upstream_codec/v3/upstream_codec_pb';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { HttpProtocolOptionsSchema } from '@meltemi/api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import { msToDuration } from '@meltemi/base';
import type { ConnectionPoolInput, HttpVersionInput } from '../input/cluster-input.ts';

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** By the name under which a cluster keeps them. */
export function httpOptions(
  http: HttpVersionInput,
  pool: ConnectionPoolInput,
  withheld: readonly string[] = [],
): Record<string, Any> {
  const common = {
    ...(pool.idleTimeoutMs !== undefined && { idleTimeout: msToDuration(pool.idleTimeoutMs) }),
    ...(pool.maxConnectionDurationMs !== undefined && {
      maxConnectionDuration: msToDuration(pool.maxConnectionDurationMs),
    }),
    ...(pool.maxRequestsPerConnection && { maxRequestsPerConnection: pool.maxRequestsPerConnection }),
  };
  // HTTP/1.1 without limits is what a cluster speaks by itself.
  if (http === 'http1' && Object.keys(common).length + withheld.length === 0) return {};
  const options = create(HttpProtocolOptionsSchema, {
    ...(Object.keys(common).length > 0 && { commonHttpProtocolOptions: common }),
    upstreamProtocolOptions: httpVersion(http, pool.maxConcurrentStreams),
    ...(withheld.length > 0 && { httpFilters: [removing(withheld), codec()] }),
  });
  return { [HTTP_OPTIONS]: packAny(HttpProtocolOptionsSchema, options) };
}

function removing(names: readonly string[]): HttpFilter {
  const requestMutations = names.map((name) => ({ action: { case: 'remove' as const, value: name } }));
  const config = create(HeaderMutationSchema, { mutations: { requestMutations } });
  return create(HttpFilterSchema, {
    name: 'envoy.filters.http.header_mutation',
    configType: { case: 'typedConfig', value: packAny(HeaderMutationSchema, config) },
  });
}

/** What filters of a cluster have to end with. */
function codec(): HttpFilter {
  return create(HttpFilterSchema, {
    name: 'envoy.filters.http.upstream_codec',
    configType: { case: 'typedConfig', value: packAny(UpstreamCodecSchema, create(UpstreamCodecSchema)) },
  });
}

function httpVersion(
  http: HttpVersionInput,
  maxConcurrentStreams: number | undefined,
): MessageInitShape<typeof HttpProtocolOptionsSchema>['upstreamProtocolOptions'] {
  switch (http) {
    case 'http1':
      return { case: 'explicitHttpConfig', value: { protocolConfig: { case: 'httpProtocolOptions', value: {} } } };
    case 'http2':
      return {
        case: 'explicitHttpConfig',
        value: {
          protocolConfig: { case: 'http2ProtocolOptions', value: maxConcurrentStreams ? { maxConcurrentStreams } : {} },
        },
      };
    case 'as-received':
      return { case: 'useDownstreamProtocolConfig', value: { httpProtocolOptions: {}, http2ProtocolOptions: {} } };
  }
}
