// Envoy's short response flags → the message that has a field for each.
import { create } from '@bufbuild/protobuf';
import {
  type ResponseFlags,
  ResponseFlags_Unauthorized_Reason as Reason,
  ResponseFlagsSchema,
} from '@meltemi/api/envoy/data/accesslog/v3/accesslog_pb';

const FIELDS: Readonly<Record<string, Exclude<keyof ResponseFlags, `$${string}` | 'unauthorizedDetails'>>> = {
  LH: 'failedLocalHealthcheck',
  UH: 'noHealthyUpstream',
  UT: 'upstreamRequestTimeout',
  LR: 'localReset',
  UR: 'upstreamRemoteReset',
  UF: 'upstreamConnectionFailure',
  UC: 'upstreamConnectionTermination',
  UO: 'upstreamOverflow',
  NR: 'noRouteFound',
  DI: 'delayInjected',
  FI: 'faultInjected',
  RL: 'rateLimited',
  RLSE: 'rateLimitServiceError',
  DC: 'downstreamConnectionTermination',
  URX: 'upstreamRetryLimitExceeded',
  SI: 'streamIdleTimeout',
  IH: 'invalidEnvoyRequestHeaders',
  DPE: 'downstreamProtocolError',
  UMSDR: 'upstreamMaxStreamDurationReached',
  RFCF: 'responseFromCacheFilter',
  NFCF: 'noFilterConfigFound',
  DT: 'durationTimeout',
  UPE: 'upstreamProtocolError',
  NC: 'noClusterFound',
  OM: 'overloadManager',
  DF: 'dnsResolutionFailure',
  DR: 'downstreamRemoteReset',
};

/** Of flags joined by commas; those without a field are left out. */
export function responseFlagBits(flags: string | undefined): ResponseFlags {
  const bits = create(ResponseFlagsSchema);
  for (const flag of (flags ?? '').split(',')) {
    const field = FIELDS[flag];
    if (field) Object.assign(bits, { [field]: true });
    if (flag === 'UAEX')
      Object.assign(bits, create(ResponseFlagsSchema, { unauthorizedDetails: { reason: Reason.EXTERNAL_SERVICE } }));
  }
  return bits;
}
