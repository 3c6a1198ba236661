// What a route says to HTTP filters: faults and CORS.
import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { packAny } from '@meltemi/api';
import { CorsPolicySchema } from '@meltemi/api/envoy/extensions/filters/http/cors/v3/cors_pb';
import { type HTTPFault, HTTPFaultSchema } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import { msToDuration } from '@meltemi/base';
import type { CorsInput, FaultInput } from '../input/route-input.ts';
import { fractionalPercent } from './percent.ts';
import { stringMatcher } from './string-matcher.ts';

export const FAULT_FILTER = 'envoy.filters.http.fault';
export const CORS_FILTER = 'envoy.filters.http.cors';

export function routeFilters(route: {
  readonly fault: FaultInput | undefined;
  readonly cors: CorsInput | undefined;
}): Record<string, Any> {
  return {
    ...(route.fault && { [FAULT_FILTER]: packAny(HTTPFaultSchema, fault(route.fault)) }),
    ...(route.cors && { [CORS_FILTER]: packAny(CorsPolicySchema, cors(route.cors)) }),
  };
}

function fault({ delay, abort }: FaultInput): HTTPFault {
  return create(HTTPFaultSchema, {
    ...(delay && {
      delay: {
        faultDelaySecifier: { case: 'fixedDelay', value: msToDuration(delay.ms) },
        percentage: fractionalPercent(delay.millionths),
      },
    }),
    ...(abort && {
      abort: {
        errorType:
          abort.grpcStatus === undefined
            ? { case: 'httpStatus', value: abort.httpStatus }
            : { case: 'grpcStatus', value: abort.grpcStatus },
        percentage: fractionalPercent(abort.millionths),
      },
    }),
  });
}

function cors(input: CorsInput) {
  return create(CorsPolicySchema, {
    allowOriginStringMatch: input.allowOrigins.map(stringMatcher),
    allowMethods: input.allowMethods,
    allowHeaders: input.allowHeaders,
    exposeHeaders: input.exposeHeaders,
    maxAge: input.maxAge,
    ...(input.allowCredentials !== undefined && { allowCredentials: input.allowCredentials }),
    filterEnabled: { defaultValue: fractionalPercent(1_000_000) },
    forwardNotMatchingPreflights: input.forwardUnmatched,
  });
}
