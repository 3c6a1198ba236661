// A `grpc_service` of a configuration → where and how the proxy calls it.
import type { GrpcService } from '@meltemi/api/envoy/config/core/v3/grpc_service_pb';
import { durationToMs } from '@meltemi/base';
import { Headers, Http1Error } from '@meltemi/wire';
import { CallConfigError } from './call-config-error.ts';

export interface GrpcTarget {
  readonly cluster: string;
  /** Undefined: the cluster's name. */
  readonly authority: string | undefined;
  readonly metadata: readonly (readonly [string, string])[];
  /** Undefined: the configuration has none. */
  readonly timeoutMs: number | undefined;
}

/** `place` names the field in messages, as `access log grpc_service`. Throws CallConfigError for what can't be honoured. */
export function grpcTarget(service: GrpcService | undefined, place: string): GrpcTarget {
  const kind = service?.targetSpecifier;
  if (!service || kind?.case !== 'envoyGrpc') {
    const given = kind?.case === 'googleGrpc' ? 'google_grpc is not supported' : 'it names no envoy_grpc';
    throw new CallConfigError('UNSUPPORTED_SERVICE', `${place}: ${given}`);
  }
  const { clusterName, authority, retryPolicy } = kind.value;
  if (clusterName === '') throw new CallConfigError('BAD_VALUE', `${place}: envoy_grpc has no cluster_name`);
  if (retryPolicy ?? service.retryPolicy) {
    throw new CallConfigError('UNSUPPORTED_FIELD', `${place}: retry_policy is not supported`);
  }
  return {
    cluster: clusterName,
    authority: authority === '' ? undefined : authority,
    metadata: service.initialMetadata.map(({ key, value }) => metadataEntry(key, value, place)),
    timeoutMs: service.timeout && durationToMs(service.timeout),
  };
}

/** Values may hold `%%`; commands are for requests, which such a call has none of. */
function metadataEntry(key: string, value: string, place: string): readonly [string, string] {
  const name = key.toLowerCase();
  const text = value.replaceAll('%%', '');
  if (text.includes('%')) {
    throw new CallConfigError('UNSUPPORTED_FIELD', `${place}: initial_metadata ${key}: "${value}" is not a plain text`);
  }
  const entry = [name, value.replaceAll('%%', '%')] as const;
  try {
    new Headers().set(...entry);
  } catch (error) {
    if (error instanceof Http1Error)
      throw new CallConfigError('BAD_VALUE', `${place}: initial_metadata: ${error.message}`);
    throw error;
  }
  return entry;
}
