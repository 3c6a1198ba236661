// Serves envoy.service.auth.v3.Authorization: what an Envoy asks about a request → the policy's answer.
import { create } from '@bufbuild/protobuf';
import { HeaderValueOption_HeaderAppendAction as AppendAction } from '@meltemi/api/envoy/config/core/v3/base_pb';
import {
  Authorization,
  type CheckRequest,
  type CheckResponse,
  CheckResponseSchema,
} from '@meltemi/api/envoy/service/auth/v3/external_auth_pb';
import { StatusCode } from '@meltemi/api/envoy/type/v3/http_status_pb';
import { type Attributes, attributesMessage, denialText, forwardedField } from '@meltemi/api/mixer';
import { type GrpcCall, type GrpcReply, type GrpcService, grpcService } from '@meltemi/rpc';

import { STATUS, type Status } from '../adapters/adapter.ts';
import { AttributeBag } from '../attributes/attribute-bag.ts';
import { answerCall, type MixerServiceOptions } from '../serve/answer-call.ts';
import type { ActivePolicy } from '../serve/policy-store.ts';

import { callerAttributes } from './call-attributes.ts';
import { checkAttributes } from './check-attributes.ts';

/** What a request takes of, as sidecars ask it. */
const REQUEST_COUNT = 'requestcount';
/** What the access log is told of the request, in its metadata. */
export const CHECKED = 'attributes';

const STATUSES = new Map<number, StatusCode>(
  Object.values(StatusCode).flatMap((code) => (typeof code === 'number' ? [[code, code]] : [])),
);

export function authorizationService(options: MixerServiceOptions): GrpcService {
  return {
    definition: grpcService(Authorization),
    implementation: {
      Check: (call: GrpcCall<CheckRequest, CheckResponse>, reply: GrpcReply<CheckResponse>) => {
        const context = call.request.attributes;
        const caller = callerAttributes(call.metadata);
        const answer = () => (context ? authorize(options.policy(), checkAttributes(context, caller)) : refused());
        answerCall('Authorization', answer, reply, options);
      },
    },
  };
}

/** The status is told as a sidecar of ours tells it; the metadata has what a report begins with. */
async function authorize({ vocabulary, engine }: ActivePolicy, attributes: Attributes): Promise<CheckResponse> {
  const bag = AttributeBag.of(vocabulary, attributes);
  const { status } = engine.check(bag);
  if (status.code !== STATUS.OK) return denied(status, attributes);
  const { granted } = await engine.quota(bag, REQUEST_COUNT, { amount: 1, bestEffort: false, deduplicationId: '' });
  if (granted < 1) return denied(exhausted(REQUEST_COUNT), attributes);
  return create(CheckResponseSchema, {
    status: { code: STATUS.OK },
    httpResponse: { case: 'okResponse', value: {} },
    dynamicMetadata: { [CHECKED]: forwardedField(attributesMessage(attributes)) },
  });
}

export function exhausted(quota: string): Status {
  return { code: STATUS.RESOURCE_EXHAUSTED, message: `Quota is exhausted for: ${quota}` };
}

function denied({ code, message }: Status, attributes: Attributes): CheckResponse {
  const text = denialText({ code, message });
  const told = new Map([...attributes, ['check.error_code', BigInt(code)], ['check.error_message', message]] as const);
  const type = { key: 'content-type', value: 'text/plain' };
  return create(CheckResponseSchema, {
    status: { code, message },
    httpResponse: {
      case: 'deniedResponse',
      value: {
        status: { code: envoyStatus(text.status) },
        body: text.body,
        headers: [{ header: type, appendAction: AppendAction.OVERWRITE_IF_EXISTS_OR_ADD }],
      },
    },
    dynamicMetadata: { [CHECKED]: forwardedField(attributesMessage(told)) },
  });
}

/** A question about nothing. */
function refused(): CheckResponse {
  return create(CheckResponseSchema, { status: { code: STATUS.INVALID_ARGUMENT, message: 'it has no attributes' } });
}

/** Envoy takes no others. */
function envoyStatus(status: number): StatusCode {
  return STATUSES.get(status) ?? StatusCode.InternalServerError;
}
