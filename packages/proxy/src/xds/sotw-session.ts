// Speaks the state-of-the-world form of xDS on one stream: each response has all resources, each request all names.
// https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#basic-protocol-overview
import { create } from '@bufbuild/protobuf';
import type { Node } from '@meltemi/api/envoy/config/core/v3/base_pb';
import {
  type DiscoveryRequest,
  DiscoveryRequestSchema,
  type DiscoveryResponse,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { TYPE_URL, type XdsType, xdsTypeOf } from '@meltemi/api';
import { applySotwResponse } from './sotw-response.ts';
import type { TypeState } from './type-state.ts';
import { nackStatus, type SessionContext, type XdsSession } from './xds-session.ts';

/** What this stream has said and heard of a type. */
interface Talk {
  nonce: string;
  names: readonly string[];
}

export class SotwSession implements XdsSession<DiscoveryResponse> {
  readonly #context: SessionContext<DiscoveryRequest>;
  readonly #talks = new Map<XdsType, Talk>();
  #node: Node | undefined;

  constructor(context: SessionContext<DiscoveryRequest>, node: Node | undefined) {
    this.#context = context;
    this.#node = node;
  }

  subscribe(state: TypeState): void {
    const talk = this.#talks.get(state.type);
    if (talk ? sameNames(talk.names, state.names()) : !state.wanted) return;
    this.#send(state, talk?.nonce ?? '', undefined);
  }

  receive(response: DiscoveryResponse): void {
    const type = xdsTypeOf(response.typeUrl);
    const state = type && this.#context.stateOf(type);
    if (!type || !state || !this.#talks.has(type)) return;
    const outcome = applySotwResponse(state, response);
    this.#talks.get(type)!.nonce = response.nonce;
    this.#send(state, response.nonce, outcome.error);
    this.#context.settled(state, outcome);
  }

  /** An ACK has the version just received, a NACK and a change of names the last good one. */
  #send(state: TypeState, responseNonce: string, error: string | undefined): void {
    const names = state.names();
    this.#talks.set(state.type, { nonce: responseNonce, names });
    this.#context.send(
      create(DiscoveryRequestSchema, {
        typeUrl: TYPE_URL[state.type],
        versionInfo: state.version,
        resourceNames: [...names],
        responseNonce,
        ...(this.#node && { node: this.#node }),
        ...(error !== undefined && { errorDetail: nackStatus(error) }),
      }),
    );
    this.#node = undefined;
  }
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && new Set(a).isSupersetOf(new Set(b));
}
