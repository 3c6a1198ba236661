// The part of a configuration that all logs to gRPC services share → where their entries go, how many at a time, and with what beside them.
import { ApiVersion } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import type { CommonGrpcAccessLogConfig } from '@meltemi/api/envoy/extensions/access_loggers/grpc/v3/als_pb';
import { durationToMs } from '@meltemi/base';
import type { BatchLimits } from '../call/batch.ts';
import { CallConfigError } from '../call/call-config-error.ts';
import { type GrpcTarget, grpcTarget } from '../call/grpc-target.ts';
import { type Environment, NO_ENVIRONMENT } from '../environment.ts';
import { compileCustomTag } from '../tracing/custom-tag.ts';
import type { EntryExtras } from './common-entry.ts';

export interface CommonLogSettings {
  readonly logName: string;
  readonly target: GrpcTarget;
  readonly limits: BatchLimits;
  readonly extras: EntryExtras;
}

/** Envoy's defaults. */
const BUFFER_BYTES = 16_384;
const FLUSH_MS = 1000;

/** Throws CallConfigError or TracingConfigError for what can't be honoured. */
export function commonLogSettings(
  config: CommonGrpcAccessLogConfig | undefined,
  place: string,
  environment: Environment = NO_ENVIRONMENT,
): CommonLogSettings {
  if (!config) throw new CallConfigError('BAD_VALUE', `${place}: it has no common_config`);
  if (config.transportApiVersion === ApiVersion.V2) {
    throw new CallConfigError('UNSUPPORTED_FIELD', `${place}: transport_api_version V2 is not supported`);
  }
  if (config.grpcStreamRetryPolicy) {
    throw new CallConfigError('UNSUPPORTED_FIELD', `${place}: grpc_stream_retry_policy is not supported`);
  }
  return {
    logName: config.logName,
    target: grpcTarget(config.grpcService, `${place}: grpc_service`),
    limits: {
      bytes: config.bufferSizeBytes ?? BUFFER_BYTES,
      intervalMs: config.bufferFlushInterval ? durationToMs(config.bufferFlushInterval) : FLUSH_MS,
    },
    extras: {
      filterState: config.filterStateObjectsToLog,
      tags: config.customTags.map((tag) => compileCustomTag(tag, environment)),
    },
  };
}
