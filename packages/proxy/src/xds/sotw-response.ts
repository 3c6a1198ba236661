// Applies a whole response of the state-of-the-world form to what is held of its type.
import type { Any } from '@bufbuild/protobuf/wkt';
import { type DiscoveryResponse, ResourceSchema } from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { unpackAny } from '@meltemi/api';
import { durationToMs } from '@meltemi/base';
import type { DecodedResource } from './decode-resource.ts';
import type { TypeState } from './type-state.ts';
import type { Rejection } from './xds-client.ts';
import { duplicateName, nackText, type ResponseOutcome } from './xds-session.ts';

/** What can be honoured serves from now on, what can't is in the outcome's error; the state's version moves on an ACK only. */
export function applySotwResponse(state: TypeState, response: DiscoveryResponse): ResponseOutcome {
  const began = state.monotonic();
  const { received, refused, alive } = decodeAll(state, response);
  const names = [...received.map(({ name }) => name), ...alive];
  const twice = duplicateName(names);
  // Whose bytes can't be read has no name: then none can be said to be gone.
  const removed = refused.length === 0 && twice === undefined ? state.missingFrom(new Set(names)) : [];
  const error =
    twice === undefined
      ? nackText(state.type, [...refused, ...state.apply(received, removed, response.versionInfo)])
      : `${state.type}: ${twice} stands twice in one response`;
  if (error === undefined) state.version = response.versionInfo;
  state.error = error;
  return {
    received: received.length,
    removed: removed.length,
    version: response.versionInfo,
    durationMs: state.monotonic() - began,
    error,
  };
}

interface Decoded {
  readonly received: readonly DecodedResource[];
  readonly refused: readonly Rejection[];
  /** Names that came without a body: they only live on. */
  readonly alive: readonly string[];
}

function decodeAll(state: TypeState, response: DiscoveryResponse): Decoded {
  const received: DecodedResource[] = [];
  const refused: Rejection[] = [];
  const alive: string[] = [];
  for (const [index, any] of response.resources.entries()) {
    try {
      const { name, body, ttlMs } = unwrap(any);
      if (body) {
        const decoded = state.decode(body, response.versionInfo);
        received.push({ ...decoded, ...(ttlMs !== undefined && { ttlMs }) });
      } else {
        alive.push(name);
        state.refresh(name, ttlMs);
      }
    } catch (error) {
      refused.push({ name: `resource ${index}`, message: (error as Error).message });
    }
  }
  return { received, refused, alive };
}

interface Unwrapped {
  readonly name: string;
  readonly body: Any | undefined;
  readonly ttlMs: number | undefined;
}

/** A resource may come in the wrapper that carries its own name and time to live. */
function unwrap(any: Any): Unwrapped {
  const wrapper = unpackAny(any, ResourceSchema);
  if (!wrapper) return { name: '', body: any, ttlMs: undefined };
  return { name: wrapper.name, body: wrapper.resource, ttlMs: wrapper.ttl && durationToMs(wrapper.ttl) };
}
