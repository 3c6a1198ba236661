// CollectorInput → how a proxy calls who collects what it tells.
import { create } from '@bufbuild/protobuf';
import { type HeaderValueOption, HeaderValueOptionSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { type GrpcService, GrpcServiceSchema } from '@meltemi/api/envoy/config/core/v3/grpc_service_pb';
import { type HttpService, HttpServiceSchema } from '@meltemi/api/envoy/config/core/v3/http_service_pb';
import { msToDuration } from '@meltemi/base';
import type { CollectorInput } from '../../input/telemetry/telemetry-input.ts';

type Headers = readonly (readonly [string, string])[];

export function collectorService(
  { cluster, authority }: CollectorInput,
  { timeoutMs, headers = [] }: { readonly timeoutMs?: number | undefined; readonly headers?: Headers } = {},
): GrpcService {
  return create(GrpcServiceSchema, {
    targetSpecifier: { case: 'envoyGrpc', value: { clusterName: cluster, authority } },
    ...(timeoutMs !== undefined && { timeout: msToDuration(timeoutMs) }),
    initialMetadata: headers.map(([key, value]) => ({ key, value })),
  });
}

/** `path` begins with a slash. */
export function collectorUri(
  { cluster, authority }: CollectorInput,
  path: string,
  { timeoutMs, headers }: { readonly timeoutMs: number; readonly headers: Headers },
): HttpService {
  return create(HttpServiceSchema, {
    httpUri: {
      uri: `http://${authority}${path.startsWith('/') ? '' : '/'}${path}`,
      httpUpstreamType: { case: 'cluster', value: cluster },
      timeout: msToDuration(timeoutMs),
    },
    requestHeadersToAdd: headers.map(([key, value]): HeaderValueOption =>
      create(HeaderValueOptionSchema, { header: { key, value } }),
    ),
  });
}
