// Asks an authorization server by gRPC.
import { fromBinary, type JsonObject } from '@bufbuild/protobuf';
import type { GrpcService } from '@meltemi/api/envoy/config/core/v3/grpc_service_pb';
import {
  type HeaderValueOption,
  HeaderValueOption_HeaderAppendAction as AppendAction,
} from '@meltemi/api/envoy/config/core/v3/base_pb';
import {
  type CheckResponse,
  CheckResponseSchema,
  type OkHttpResponse,
} from '@meltemi/api/envoy/service/auth/v3/external_auth_pb';
import { type GrpcCallResult, callGrpc } from '../../../call/grpc-call.ts';
import { grpcTarget } from '../../../call/grpc-target.ts';
import type { AuthzServer } from './authz-server.ts';
import { type AuthzVerdict, FAILED, type HeaderEdit } from './authz-verdict.ts';
import { checkRequest } from './check-request.ts';

const METHOD = '/envoy.service.auth.v3.Authorization/Check';
const TIMEOUT_MS = 200;
const MAX_RESPONSE_BYTES = 4 << 20;

/** Throws CallConfigError. */
export function grpcServer(service: GrpcService): AuthzServer {
  const { cluster, authority, metadata, timeoutMs = TIMEOUT_MS } = grpcTarget(service, 'ext_authz grpc_service');
  const method = { cluster, path: METHOD, authority, metadata, timeoutMs, maxResponseBytes: MAX_RESPONSE_BYTES };
  return {
    ask({ entry, settings, contextExtensions, body }, { clusters, clock }, done) {
      const message = checkRequest(entry, settings, contextExtensions, body);
      return callGrpc(clusters, { ...method, message }, clock, (result) => done(verdictOf(result)));
    },
  };
}

function verdictOf({ body }: GrpcCallResult): AuthzVerdict {
  if (!body) return FAILED;
  let response: CheckResponse;
  try {
    response = fromBinary(CheckResponseSchema, body);
  } catch {
    return FAILED;
  }
  const metadata = metadataOf(response);
  const { status, httpResponse } = response;
  if ((status?.code ?? 0) === 0)
    return allowed(httpResponse.case === 'okResponse' ? httpResponse.value : undefined, metadata);
  const denial = httpResponse.case === 'deniedResponse' ? httpResponse.value : undefined;
  return {
    kind: 'denied',
    status: denial?.status?.code || 403,
    body: latin1(denial?.body ?? ''),
    headers: (denial?.headers ?? []).map((option) => [nameOf(option), valueOf(option)] as const),
    metadata,
  };
}

function metadataOf({ dynamicMetadata, httpResponse }: CheckResponse): JsonObject | undefined {
  // The older field counts where it is set.
  const older = httpResponse.case === 'okResponse' ? httpResponse.value.dynamicMetadata : undefined;
  return older ?? dynamicMetadata;
}

function allowed(response: OkHttpResponse | undefined, metadata: JsonObject | undefined): AuthzVerdict {
  return {
    kind: 'allowed',
    request: ordered((response?.headers ?? []).map(requestEdit), REQUEST_ORDER),
    removedHeaders: response?.headersToRemove ?? [],
    setParameters: (response?.queryParametersToSet ?? []).map(({ key, value }) => [key, value] as const),
    removedParameters: response?.queryParametersToRemove ?? [],
    response: ordered((response?.responseHeadersToAdd ?? []).map(responseEdit), RESPONSE_ORDER),
    metadata,
  };
}

const REQUEST_ORDER: readonly HeaderEdit['kind'][] = ['set', 'add', 'join', 'add-if-absent', 'replace'];
const RESPONSE_ORDER: readonly HeaderEdit['kind'][] = ['add', 'set', 'add-if-absent', 'replace', 'join'];

function ordered(edits: readonly HeaderEdit[], order: readonly HeaderEdit['kind'][]): readonly HeaderEdit[] {
  return edits.toSorted((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind));
}

function requestEdit(option: HeaderValueOption): HeaderEdit {
  return { name: nameOf(option), value: valueOf(option), kind: option.append ? 'join' : 'set' };
}

const RESPONSE_KINDS: Readonly<Record<AppendAction, HeaderEdit['kind']>> = {
  [AppendAction.APPEND_IF_EXISTS_OR_ADD]: 'add',
  [AppendAction.ADD_IF_ABSENT]: 'add-if-absent',
  [AppendAction.OVERWRITE_IF_EXISTS_OR_ADD]: 'set',
  [AppendAction.OVERWRITE_IF_EXISTS]: 'replace',
};

function responseEdit(option: HeaderValueOption): HeaderEdit {
  const older = option.append === undefined ? undefined : option.append ? 'add' : 'set';
  return { name: nameOf(option), value: valueOf(option), kind: older ?? RESPONSE_KINDS[option.appendAction] ?? 'set' };
}

function nameOf({ header }: HeaderValueOption): string {
  return header?.key ?? '';
}

function valueOf({ header }: HeaderValueOption): string {
  return latin1(header?.value ?? '');
}

function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
