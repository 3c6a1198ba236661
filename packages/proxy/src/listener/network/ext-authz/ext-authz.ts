// Asks an authorization server about each connection, before any byte goes either way.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/ext_authz_filter
import { fromBinary } from '@bufbuild/protobuf';
import { ApiVersion } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import type { ExtAuthz } from '@meltemi/api/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb';
import { type CheckResponse, CheckResponseSchema } from '@meltemi/api/envoy/service/auth/v3/external_auth_pb';
import { compileMetadata } from '@meltemi/decide';
import type { StatsScope } from '@meltemi/telemetry';
import { callGrpc, type GrpcCallResult } from '../../../call/grpc-call.ts';
import { grpcTarget } from '../../../call/grpc-target.ts';
import { ListenerConfigError } from '../../listener-config-error.ts';
import type { ListenerParts } from '../../listener-parts.ts';
import { type ArrivedConnection, type ConnectionFilter, type Denial, denied } from '../connection-filter.ts';
import { checkConnection } from './check-connection.ts';
import { nodeLabels } from '../../../http/filter/ext-authz/node-labels.ts';

const METADATA = 'envoy.filters.network.ext_authz';
const METHOD = '/envoy.service.auth.v3.Authorization/Check';
const TIMEOUT_MS = 200;
const MAX_RESPONSE_BYTES = 4 << 20;

/** Throws a typed error for what can't be honoured. */
export function extAuthz(config: ExtAuthz, { clusters, clock, stats, accessLogs }: ListenerParts): ConnectionFilter {
  if (config.transportApiVersion !== ApiVersion.V3)
    throw new ListenerConfigError('UNSUPPORTED_FIELD', 'network ext_authz: transport_api_version is not V3');
  const target = grpcTarget(config.grpcService, 'network ext_authz: grpc_service');
  const enabledBy = config.filterEnabledMetadata && compileMetadata(config.filterEnabledMetadata);
  const shown = {
    labels: nodeLabels(accessLogs.node, config.bootstrapMetadataLabelsKey),
    certificate: config.includePeerCertificate,
    tlsSession: config.includeTlsSession,
  };
  const method = {
    ...target,
    path: METHOD,
    timeoutMs: target.timeoutMs ?? TIMEOUT_MS,
    maxResponseBytes: MAX_RESPONSE_BYTES,
  };
  const scope = stats.scope('ext_authz').scope(config.statPrefix);
  const counts = countsOf(scope);
  return {
    admit(connection) {
      if (enabledBy && !enabledBy.holds(connection.metadata)) {
        counts.disabled.increment();
        return undefined;
      }
      const message = checkConnection(connection.entry, shown);
      return {
        kind: 'asked',
        start(onAnswer) {
          counts.total.increment();
          counts.active.increment();
          const call = callGrpc(clusters, { ...method, message }, clock, (result) => {
            counts.active.decrement();
            onAnswer(judge(result, connection, config.failureModeAllow, counts));
          });
          return {
            cancel() {
              counts.active.decrement();
              call.cancel();
            },
          };
        },
      };
    },
    close: () => scope.close(),
  };
}

type Counts = ReturnType<typeof countsOf>;

function countsOf(scope: StatsScope) {
  return {
    total: scope.counter('total'),
    ok: scope.counter('ok'),
    denied: scope.counter('denied'),
    error: scope.counter('error'),
    disabled: scope.counter('disabled'),
    failureModeAllowed: scope.counter('failure_mode_allowed'),
    closed: scope.counter('cx_closed'),
    active: scope.gauge('active'),
  };
}

function judge(
  result: GrpcCallResult,
  connection: ArrivedConnection,
  allowsOnFailure: boolean,
  counts: Counts,
): Denial | undefined {
  const response = responseOf(result);
  if (!response) {
    counts.error.increment();
    if (!allowsOnFailure) return close('ext_authz_error', counts);
    counts.failureModeAllowed.increment();
    return undefined;
  }
  if (response.dynamicMetadata) connection.addMetadata(METADATA, response.dynamicMetadata);
  if ((response.status?.code ?? 0) === 0) {
    counts.ok.increment();
    return undefined;
  }
  counts.denied.increment();
  return close('ext_authz_denied', counts);
}

function close(details: string, counts: Counts): Denial {
  counts.closed.increment();
  return denied(details);
}

/** Undefined: the server could not be asked, or made no sense. */
function responseOf({ body }: GrpcCallResult): CheckResponse | undefined {
  if (!body) return undefined;
  try {
    return fromBinary(CheckResponseSchema, body);
  } catch {
    return undefined;
  }
}
