// What is held of one resource: the version that serves, and why the latest one doesn't.
import type { Any } from '@bufbuild/protobuf/wkt';
import type { DecodedResource } from './decode-resource.ts';
import type { XdsFailure, XdsResourceState } from './xds-client.ts';

/** Its bytes: the message is many times as large, and those who serve from it keep of it what they need. */
export type HeldResource = Pick<DecodedResource, 'name' | 'version' | 'any'>;

/** A resource that was received: what serves, and why the latest one doesn't. */
export interface Held {
  accepted: HeldResource | undefined;
  lastUpdatedMs: number;
  failure: XdsFailure | undefined;
}

/** After a resource came: accepted, or refused for a reason. `nowMs` in epoch milliseconds. */
export function settledHeld(held: Held, resource: DecodedResource, reason: string | undefined, nowMs: number): Held {
  if (reason !== undefined) {
    return { ...held, failure: { message: reason, version: resource.version, atMs: nowMs, refused: resource.any } };
  }
  const same = held.accepted !== undefined && sameBytes(held.accepted.any, resource.any);
  const { name, version, any } = resource;
  return { accepted: { name, version, any }, lastUpdatedMs: same ? held.lastUpdatedMs : nowMs, failure: undefined };
}

/** As the admin pages see it. */
export function resourceState(name: string, held: Held): XdsResourceState {
  return {
    name,
    version: held.accepted?.version ?? '',
    lastUpdatedMs: held.lastUpdatedMs,
    accepted: held.accepted?.any,
    failure: held.failure,
  };
}

export function sameBytes(a: Any, b: Any): boolean {
  return Buffer.compare(a.value, b.value) === 0;
}
