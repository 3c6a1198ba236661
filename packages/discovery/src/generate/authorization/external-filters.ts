// Writes the filters that enforce CUSTOM policies: one finds out whether a rule matches, the next asks the authorizer then.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import { ApiVersion } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import { GrpcServiceSchema } from '@meltemi/api/envoy/config/core/v3/grpc_service_pb';
import { type Filter, FilterSchema } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { ExtAuthzSchema as HttpExtAuthzSchema } from '@meltemi/api/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { ExtAuthzSchema as NetworkExtAuthzSchema } from '@meltemi/api/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb';
import {
  type ListStringMatcher,
  ListStringMatcherSchema,
  StringMatcherSchema,
} from '@meltemi/api/envoy/type/matcher/v3/string_pb';
import { MetadataMatcherSchema } from '@meltemi/api/envoy/type/matcher/v3/metadata_pb';
import { msToDuration } from '@meltemi/base';
import type { AuthorizerInput } from '../../input/authorizer-input.ts';

/** Under this the rules' filter leaves the name of the rule that matches. */
export const CUSTOM_PREFIX = 'istio_ext_authz_';
const MATCHED_RULE = `${CUSTOM_PREFIX}shadow_effective_policy_id`;

/** What the names of an authorizer's rules begin with. */
export function customRulePrefix(provider: string): string {
  return `istio-ext-authz-${provider}`;
}

export function httpExternalFilter(input: AuthorizerInput): HttpFilter {
  const config = create(HttpExtAuthzSchema, {
    services: httpServices(input),
    failureModeAllow: input.failOpen,
    clearRouteCache: input.clearRouteCache,
    transportApiVersion: ApiVersion.V3,
    ...(input.statusOnError !== undefined && { statusOnError: { code: input.statusOnError } }),
    ...(input.body && {
      withRequestBody: {
        maxRequestBytes: input.body.maxBytes,
        allowPartialMessage: input.body.allowPartial,
        packAsBytes: input.body.asBytes,
      },
    }),
    ...(input.protocol === 'http' && headerList('allowedHeaders', input.http.sent)),
    filterEnabledMetadata: whereRuleMatches('envoy.filters.http.rbac', input.name),
  });
  return create(HttpFilterSchema, {
    name: 'envoy.filters.http.ext_authz',
    configType: { case: 'typedConfig', value: packAny(HttpExtAuthzSchema, config) },
  });
}

/** Undefined: an authorizer that speaks HTTP can't be asked about connections. */
export function tcpExternalFilter(input: AuthorizerInput): Filter | undefined {
  if (input.protocol === 'http') return undefined;
  const config = create(NetworkExtAuthzSchema, {
    statPrefix: 'tcp.',
    failureModeAllow: input.failOpen,
    transportApiVersion: ApiVersion.V3,
    grpcService: grpcService(input),
    filterEnabledMetadata: whereRuleMatches('envoy.filters.network.rbac', input.name),
  });
  return create(FilterSchema, {
    name: 'envoy.filters.network.ext_authz',
    configType: { case: 'typedConfig', value: packAny(NetworkExtAuthzSchema, config) },
  });
}

function httpServices(input: AuthorizerInput): MessageInitShape<typeof HttpExtAuthzSchema>['services'] {
  if (input.protocol === 'grpc') return { case: 'grpcService', value: grpcService(input) };
  const { pathPrefix, added, upstreamOnAllow, downstreamOnAllow, downstreamOnDeny } = input.http;
  const answers = [...upstreamOnAllow, ...downstreamOnAllow, ...downstreamOnDeny].length > 0;
  return {
    case: 'httpService',
    value: {
      pathPrefix,
      serverUri: {
        uri: `http://${input.host}`,
        httpUpstreamType: { case: 'cluster', value: input.cluster },
        timeout: msToDuration(input.timeoutMs),
      },
      ...(added.length > 0 && {
        authorizationRequest: { headersToAdd: added.map(([key, value]) => ({ key, value })) },
      }),
      ...(answers && {
        authorizationResponse: {
          ...headerList('allowedUpstreamHeaders', upstreamOnAllow),
          ...headerList('allowedClientHeaders', downstreamOnDeny),
          ...headerList('allowedClientHeadersOnSuccess', downstreamOnAllow),
        },
      }),
    },
  };
}

function grpcService({ cluster, host, timeoutMs }: AuthorizerInput) {
  return create(GrpcServiceSchema, {
    targetSpecifier: { case: 'envoyGrpc', value: { clusterName: cluster, authority: host } },
    timeout: msToDuration(timeoutMs),
  });
}

/** Nothing where no names are. */
function headerList<Field extends string>(
  field: Field,
  names: readonly string[],
): { readonly [Name in Field]?: ListStringMatcher } {
  if (names.length === 0) return {};
  const patterns = names.map((name) =>
    create(StringMatcherSchema, { matchPattern: namePattern(name), ignoreCase: true }),
  );
  return { [field]: create(ListStringMatcherSchema, { patterns }) } as { readonly [Name in Field]?: ListStringMatcher };
}

function namePattern(name: string): MessageInitShape<typeof StringMatcherSchema>['matchPattern'] {
  if (name.startsWith('*')) return { case: 'suffix', value: name.slice(1) };
  if (name.endsWith('*')) return { case: 'prefix', value: name.slice(0, -1) };
  return { case: 'exact', value: name };
}

function whereRuleMatches(filter: string, provider: string) {
  return create(MetadataMatcherSchema, {
    filter,
    path: [{ segment: { case: 'key', value: MATCHED_RULE } }],
    value: {
      matchPattern: {
        case: 'stringMatch',
        value: { matchPattern: { case: 'prefix', value: customRulePrefix(provider) } },
      },
    },
  });
}
