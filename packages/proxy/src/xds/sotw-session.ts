// Speaks the state-of-the-world form of xDS on one stream: each response has all resources, each request all names.
// https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#basic-protocol-overview
import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { Node } from '@meltemi/api/envoy/config/core/v3/base_pb';
import {
  type DiscoveryRequest,
  DiscoveryRequestSchema,
  type DiscoveryResponse,
  ResourceSchema,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { TYPE_URL, unpackAny, type XdsType, xdsTypeOf } from '@meltemi/api';
import { type DecodedResource, decodeResource } from './decode-resource.ts';
import type { TypeState } from './type-state.ts';
import type { Rejection } from './xds-client.ts';
import { duplicateName, nackStatus, nackText, type SessionContext, type XdsSession } from './xds-session.ts';

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
    const { received, refused, complete } = decodeAll(type, response);
    const names = new Set(received.map(({ name }) => name));
    const twice = duplicateName(received.map(({ name }) => name));
    // Whose bytes can't be read has no name: then none can be said to be gone.
    const removed = complete && twice === undefined ? state.missingFrom(names) : [];
    const error =
      twice === undefined
        ? nackText(type, [...refused, ...state.apply(received, removed, response.versionInfo)])
        : `${type}: ${twice} stands twice in one response`;
    if (error === undefined) state.version = response.versionInfo;
    state.error = error;
    this.#talks.get(type)!.nonce = response.nonce;
    this.#send(state, response.nonce, error);
    this.#context.settled(state, {
      received: received.length,
      removed: removed.length,
      version: response.versionInfo,
      error,
    });
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

interface Decoded {
  readonly received: readonly DecodedResource[];
  readonly refused: readonly Rejection[];
  readonly complete: boolean;
}

function decodeAll(type: XdsType, response: DiscoveryResponse): Decoded {
  const received: DecodedResource[] = [];
  const refused: Rejection[] = [];
  for (const [index, any] of response.resources.entries()) {
    try {
      received.push(decodeResource(type, unwrap(any), response.versionInfo));
    } catch (error) {
      refused.push({ name: `resource ${index}`, message: (error as Error).message });
    }
  }
  return { received, refused, complete: refused.length === 0 };
}

/** A resource may come in the wrapper that carries its own name and time to live. */
function unwrap(any: Any): Any {
  return unpackAny(any, ResourceSchema)?.resource ?? any;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && new Set(a).isSupersetOf(new Set(b));
}
