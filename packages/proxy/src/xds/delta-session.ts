// Speaks the incremental form of xDS on one stream: only what changed goes either way.
// https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#incremental-xds
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { Node } from '@meltemi/api/envoy/config/core/v3/base_pb';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  type Resource,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { TYPE_URL, type XdsType, xdsTypeOf } from '@meltemi/api';
import { durationToMs } from '@meltemi/base';
import type { DecodedResource } from './decode-resource.ts';
import type { TypeState } from './type-state.ts';
import type { Rejection } from './xds-client.ts';
import { duplicateName, nackStatus, nackText, type SessionContext, type XdsSession } from './xds-session.ts';

export class DeltaSession implements XdsSession<DeltaDiscoveryResponse> {
  readonly #context: SessionContext<DeltaDiscoveryRequest>;
  /** The names that the server knows we want, by type. */
  readonly #subscribed = new Map<XdsType, ReadonlySet<string>>();
  #node: Node | undefined;

  constructor(context: SessionContext<DeltaDiscoveryRequest>, node: Node | undefined) {
    this.#context = context;
    this.#node = node;
  }

  /** The first request of a type says what is held already, so that the server sends only the difference. */
  subscribe(state: TypeState): void {
    const before = this.#subscribed.get(state.type);
    const names = new Set(state.gathered ? state.names().filter(isHostName) : state.names());
    const added = [...names].filter((name) => !before?.has(name));
    const gone = [...(before ?? [])].filter((name) => !names.has(name));
    if (before ? added.length === 0 && gone.length === 0 : !state.wanted) return;
    this.#subscribed.set(state.type, names);
    this.#send(state.type, {
      resourceNamesSubscribe: added,
      resourceNamesUnsubscribe: gone,
      ...(!before && { initialResourceVersions: state.acceptedVersions() }),
    });
  }

  receive(response: DeltaDiscoveryResponse): void {
    const type = xdsTypeOf(response.typeUrl);
    const state = type && this.#context.stateOf(type);
    if (!type || !state || !this.#subscribed.has(type)) return;
    const began = state.monotonic();
    const { received, refused, removed } = decodeResponse(state, response);
    const twice = duplicateName([...response.resources.map(({ name }) => name), ...response.removedResources]);
    const error =
      twice === undefined
        ? nackText(type, [...refused, ...state.apply(received, removed, response.systemVersionInfo)])
        : `${type}: ${twice} stands twice in one response`;
    if (error !== undefined) state.gathered?.revert();
    if (error === undefined) state.version = response.systemVersionInfo;
    state.error = error;
    this.#send(type, { responseNonce: response.nonce, ...(error !== undefined && { errorDetail: nackStatus(error) }) });
    this.#context.settled(state, {
      received: received.length,
      removed: response.removedResources.length,
      version: response.systemVersionInfo,
      durationMs: state.monotonic() - began,
      error,
    });
  }

  #send(type: XdsType, fields: DeltaFields): void {
    const node = this.#node && { node: this.#node };
    this.#context.send(create(DeltaDiscoveryRequestSchema, { typeUrl: TYPE_URL[type], ...node, ...fields }));
    this.#node = undefined;
  }
}

type DeltaFields = Omit<MessageInitShape<typeof DeltaDiscoveryRequestSchema>, 'typeUrl' | 'node' | '$typeName'>;

interface Decoded {
  readonly received: readonly DecodedResource[];
  readonly refused: readonly Rejection[];
}

/** Route configurations are not named themselves: the first request, without names, wants what the server gives unasked. */
function isHostName(name: string): boolean {
  return name.includes('/');
}

interface DecodedResponse extends Decoded {
  /** Names that are gone. */
  readonly removed: readonly string[];
}

function decodeResponse(state: TypeState, response: DeltaDiscoveryResponse): DecodedResponse {
  const { resources, removedResources } = response;
  if (!state.gathered) return { ...decodeAll(state, resources), removed: removedResources };
  try {
    const { received, missing } = state.gathered.gather(response, state.names());
    return { received, refused: [], removed: missing };
  } catch (error) {
    return { received: [], refused: [{ name: state.type, message: (error as Error).message }], removed: [] };
  }
}

/** A resource without a body only says that it still lives. */
function decodeAll(state: TypeState, resources: readonly Resource[]): Decoded {
  const received: DecodedResource[] = [];
  const refused: Rejection[] = [];
  for (const resource of resources) {
    const ttlMs = resource.ttl && durationToMs(resource.ttl);
    if (!resource.resource) {
      state.refresh(resource.name, ttlMs);
      continue;
    }
    try {
      const decoded = state.decode(resource.resource, resource.version);
      // The name in the wrapper is the one that subscriptions and removals speak of.
      received.push({ ...decoded, name: resource.name || decoded.name, ...(ttlMs !== undefined && { ttlMs }) });
    } catch (error) {
      refused.push({ name: resource.name, message: (error as Error).message });
    }
  }
  return { received, refused };
}
