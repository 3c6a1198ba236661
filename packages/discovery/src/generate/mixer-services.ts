// MixerInput → how an Envoy, which has no filter for Mixer, asks it and tells it: by ext_authz and access logs.
import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import { AccessLogSchema, type AccessLog } from '@meltemi/api/envoy/config/accesslog/v3/accesslog_pb';
import {
  HeaderValueOption_HeaderAppendAction as AppendAction,
  type RetryPolicy,
  RetryPolicySchema,
} from '@meltemi/api/envoy/config/core/v3/base_pb';
import { ApiVersion } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import { type GrpcService, GrpcServiceSchema } from '@meltemi/api/envoy/config/core/v3/grpc_service_pb';
import { HttpGrpcAccessLogConfigSchema } from '@meltemi/api/envoy/extensions/access_loggers/grpc/v3/als_pb';
import { ExtAuthzSchema } from '@meltemi/api/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb';
import { HeaderMutationSchema } from '@meltemi/api/envoy/extensions/filters/http/header_mutation/v3/header_mutation_pb';
import { ConfigSchema as HeaderToMetadataSchema } from '@meltemi/api/envoy/extensions/filters/http/header_to_metadata/v3/header_to_metadata_pb';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { StatusCode } from '@meltemi/api/envoy/type/v3/http_status_pb';
import { FORWARDED_ATTRIBUTES, FORWARDED_NAMESPACE, forwardedField, TOKENS_NAMESPACE } from '@meltemi/api/mixer';
import { msToDuration } from '@meltemi/base';
import type { MixerInput } from '../input/mixer-filter-input.ts';
import { mixerAttributes } from './mixer-filter.ts';

/** No request waits longer for a verdict. */
const TIMEOUT_MS = 5000;
const LOG_NAME = 'mixer';

/** What a peer says of itself goes into metadata, never on; then Mixer is asked. Others learn what this one is. */
export function mixerServiceFilters(input: MixerInput): HttpFilter[] {
  if (Object.keys(input.forwarded).length > 0) return [tellsOn(input)];
  return [keepsForwarded(), ...(input.check ? [asks(input)] : [])];
}

/** What was, when a request is over. */
export function mixerServiceLog(input: MixerInput): AccessLog[] {
  if (!input.report) return [];
  const config = create(HttpGrpcAccessLogConfigSchema, {
    commonConfig: { logName: LOG_NAME, grpcService: mixerService(input), transportApiVersion: ApiVersion.V3 },
    additionalRequestHeadersToLog: [...input.loggedHeaders.request],
    additionalResponseHeadersToLog: [...input.loggedHeaders.response],
  });
  const value = packAny(HttpGrpcAccessLogConfigSchema, config);
  const name = 'envoy.access_loggers.http_grpc';
  return [create(AccessLogSchema, { name, configType: { case: 'typedConfig', value } })];
}

function asks(input: MixerInput): HttpFilter {
  const config = create(ExtAuthzSchema, {
    services: { case: 'grpcService', value: mixerService(input) },
    transportApiVersion: ApiVersion.V3,
    failureModeAllow: !input.failClosed,
    statusOnError: { code: StatusCode.ServiceUnavailable },
    metadataContextNamespaces: [FORWARDED_NAMESPACE, TOKENS_NAMESPACE],
  });
  return httpFilter('envoy.filters.http.ext_authz', ExtAuthzSchema, config);
}

function keepsForwarded(): HttpFilter {
  const config = create(HeaderToMetadataSchema, {
    requestRules: [
      {
        header: FORWARDED_ATTRIBUTES,
        onHeaderPresent: { metadataNamespace: FORWARDED_NAMESPACE, key: FORWARDED_ATTRIBUTES },
        remove: true,
      },
    ],
  });
  return httpFilter('envoy.filters.http.header_to_metadata', HeaderToMetadataSchema, config);
}

/** Clusters outside of the mesh take it away again. */
function tellsOn({ forwarded }: MixerInput): HttpFilter {
  const header = { key: FORWARDED_ATTRIBUTES, value: forwardedField(mixerAttributes(forwarded)) };
  const append = { header, appendAction: AppendAction.OVERWRITE_IF_EXISTS_OR_ADD };
  const config = create(HeaderMutationSchema, {
    mutations: { requestMutations: [{ action: { case: 'append', value: append } }] },
  });
  return httpFilter('envoy.filters.http.header_mutation', HeaderMutationSchema, config);
}

/** The call says of which workload it is. */
function mixerService({ cluster, attributes }: MixerInput): GrpcService {
  return create(GrpcServiceSchema, {
    targetSpecifier: { case: 'envoyGrpc', value: { clusterName: cluster, retryPolicy: aboutToStart() } },
    timeout: msToDuration(TIMEOUT_MS),
    initialMetadata: [{ key: FORWARDED_ATTRIBUTES, value: forwardedField(mixerAttributes(attributes)) }],
  });
}

/** A Mixer that can't be reached may be about to start. */
function aboutToStart(): RetryPolicy {
  return create(RetryPolicySchema, {
    retryOn: 'unavailable',
    numRetries: 10,
    retryBackOff: { baseInterval: msToDuration(100), maxInterval: msToDuration(500) },
  });
}

function httpFilter<Desc extends DescMessage>(name: string, schema: Desc, config: MessageShape<Desc>): HttpFilter {
  return create(HttpFilterSchema, { name, configType: { case: 'typedConfig', value: packAny(schema, config) } });
}
