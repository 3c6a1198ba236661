// RateLimitInput → the filters that count: what limits count by is written into fields, read by the counting filters,
// and taken away again.
import { create, type DescMessage, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import { byKey, LIMIT_DOMAIN, LIMIT_KEY, MATCH_KEY, MATCHED, packAny } from '@meltemi/api';
import { HeaderValueOption_HeaderAppendAction as AppendAction } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { ApiVersion } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import {
  type RateLimit as Rule,
  RateLimitSchema as RuleSchema,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { XRateLimitHeadersRFCVersion as LocalAnnounced } from '@meltemi/api/envoy/extensions/common/ratelimit/v3/ratelimit_pb';
import { HeaderMutationSchema } from '@meltemi/api/envoy/extensions/filters/http/header_mutation/v3/header_mutation_pb';
import { LocalRateLimitSchema } from '@meltemi/api/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb';
import {
  RateLimit_XRateLimitHeadersRFCVersion as Announced,
  RateLimitSchema,
} from '@meltemi/api/envoy/extensions/filters/http/ratelimit/v3/rate_limit_pb';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { TOKENS_NAMESPACE } from '@meltemi/api/mixer';
import { StatusCode } from '@meltemi/api/envoy/type/v3/http_status_pb';
import { msToDuration } from '@meltemi/base';
import type { LimitKey } from '@meltemi/config';
import type { LimitInput, RateLimitInput } from '../input/rate-limit-input.ts';
import { limitMatchers } from './rate-limit-match.ts';

/** What a limit counts by, on its way to the filter that counts; none leaves the proxy. */
const FIELD = 'x-meltemi-limit-by-';
const TIMEOUT_MS = 2000;
/** A proxy keeps counts for so many values; beyond, those that were longest not seen are forgotten. */
const MAX_COUNTS = 10_000;

export function rateLimitFilters(input: RateLimitInput | undefined): HttpFilter[] {
  if (!input) return [];
  const fields = [...new Set(input.limits.flatMap(({ by }) => by.map(valueOf)))];
  const [local, global] = [input.limits.filter((each) => !each.global), input.limits.filter((each) => each.global)];
  return [
    ...(fields.length > 0 ? [writesFields(fields)] : []),
    ...(local.length > 0 ? [localFilter(local, fields)] : []),
    ...(global.length > 0 ? [globalFilter(global, fields, input)] : []),
    ...(fields.length > 0 ? [removesFields(fields)] : []),
  ];
}

/** In the language of access logs. Never empty, so what a request does not have is a value too. */
function valueOf({ header, path, identity, claim }: LimitKey): string {
  if (header !== undefined) return `=%REQ(${header.toLowerCase()})%`;
  if (path) return '=%PATH(NQ)%';
  if (identity) return '=%DOWNSTREAM_PEER_URI_SAN%';
  return `=%DYNAMIC_METADATA(${TOKENS_NAMESPACE}:payload:${claim})%`;
}

function fieldName(index: number): string {
  return `${FIELD}${index}`;
}

function writesFields(values: readonly string[]): HttpFilter {
  const mutations = values.map((value, index) => ({
    action: {
      case: 'append' as const,
      value: {
        header: { key: fieldName(index), value },
        appendAction: AppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
      },
    },
  }));
  return httpFilter('header_mutation', HeaderMutationSchema, { mutations: { requestMutations: mutations } });
}

function removesFields(values: readonly string[]): HttpFilter {
  const mutations = values.map((_, index) => ({ action: { case: 'remove' as const, value: fieldName(index) } }));
  return httpFilter('header_mutation', HeaderMutationSchema, { mutations: { requestMutations: mutations } });
}

/** Each proxy for itself: requests come back evenly over the span of time, up to the whole. */
function localFilter(limits: readonly LimitInput[], fields: readonly string[]): HttpFilter {
  const always = { defaultValue: { numerator: 100, denominator: 0 } };
  return httpFilter('local_ratelimit', LocalRateLimitSchema, {
    statPrefix: 'rate_limit_policy',
    filterEnabled: always,
    filterEnforced: always,
    maxDynamicDescriptors: MAX_COUNTS,
    enableXRatelimitHeaders: LocalAnnounced.DRAFT_VERSION_03,
    rateLimits: limits.map((limit) => rule(limit, fields)),
    descriptors: limits.map((limit) => ({
      entries: [
        { key: LIMIT_KEY, value: limit.id },
        ...(limit.match ? [{ key: MATCH_KEY, value: MATCHED }] : []),
        ...limit.by.map((_, index) => ({ key: byKey(index), value: '' })),
      ],
      tokenBucket: {
        maxTokens: limit.requests,
        tokensPerFill: limit.requests,
        fillInterval: msToDuration(limit.lengthMs),
      },
    })),
  });
}

function globalFilter(limits: readonly LimitInput[], fields: readonly string[], input: RateLimitInput): HttpFilter {
  return httpFilter('ratelimit', RateLimitSchema, {
    domain: LIMIT_DOMAIN,
    timeout: msToDuration(TIMEOUT_MS),
    failureModeDeny: input.failClosed,
    statusOnError: { code: StatusCode.ServiceUnavailable },
    enableXRatelimitHeaders: Announced.DRAFT_VERSION_03,
    rateLimitService: {
      transportApiVersion: ApiVersion.V3,
      grpcService: { targetSpecifier: { case: 'envoyGrpc', value: { clusterName: input.cluster ?? '' } } },
    },
    rateLimits: limits.map((limit) => rule(limit, fields)),
  });
}

function rule({ id, match, by }: LimitInput, fields: readonly string[]): Rule {
  const named = { descriptorKey: LIMIT_KEY, descriptorValue: id };
  const matched = { descriptorKey: MATCH_KEY, descriptorValue: MATCHED, headers: match ? limitMatchers(match) : [] };
  return create(RuleSchema, {
    actions: [
      { actionSpecifier: { case: 'genericKey', value: named } },
      ...(match ? [{ actionSpecifier: { case: 'headerValueMatch' as const, value: matched } }] : []),
      ...by.map((key, index) => {
        const value = { headerName: fieldName(fields.indexOf(valueOf(key))), descriptorKey: byKey(index) };
        return { actionSpecifier: { case: 'requestHeaders' as const, value } };
      }),
    ],
  });
}

function httpFilter<Desc extends DescMessage>(name: string, schema: Desc, config: MessageInitShape<Desc>): HttpFilter {
  const message: MessageShape<Desc> = create(schema, config);
  const value = packAny(schema, message);
  return create(HttpFilterSchema, { name: `envoy.filters.http.${name}`, configType: { case: 'typedConfig', value } });
}
