// Writes how a cluster speaks HTTP: its version, and how long and how often a connection is used.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { packAny } from '@meltemi/api';
import { HttpProtocolOptionsSchema } from '@meltemi/api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import { msToDuration } from '@meltemi/base';
import type { ConnectionPoolInput, HttpVersionInput } from '../input/cluster-input.ts';

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** By the name under which a cluster keeps them. */
export function httpOptions(http: HttpVersionInput, pool: ConnectionPoolInput): Record<string, Any> {
  const common = {
    ...(pool.idleTimeoutMs !== undefined && { idleTimeout: msToDuration(pool.idleTimeoutMs) }),
    ...(pool.maxConnectionDurationMs !== undefined && {
      maxConnectionDuration: msToDuration(pool.maxConnectionDurationMs),
    }),
    ...(pool.maxRequestsPerConnection && { maxRequestsPerConnection: pool.maxRequestsPerConnection }),
  };
  // HTTP/1.1 without limits is what a cluster speaks by itself.
  if (http === 'http1' && Object.keys(common).length === 0) return {};
  const options = create(HttpProtocolOptionsSchema, {
    ...(Object.keys(common).length > 0 && { commonHttpProtocolOptions: common }),
    upstreamProtocolOptions: httpVersion(http, pool.maxConcurrentStreams),
  });
  return { [HTTP_OPTIONS]: packAny(HttpProtocolOptionsSchema, options) };
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
