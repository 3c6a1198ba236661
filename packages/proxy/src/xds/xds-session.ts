// What both forms of the protocol share: one stream's talk with the server about the types that are wanted.
import { create } from '@bufbuild/protobuf';
import { type Status, StatusSchema } from '@meltemi/api/google/rpc/status_pb';
import type { XdsType } from '@meltemi/api';
import type { Rejection } from './xds-client.ts';
import type { TypeState } from './type-state.ts';

/** One stream's life: made when it opens, dropped when it ends. */
export interface XdsSession<Response> {
  /** Tells the server what is wanted of a type now, when it doesn't know yet. */
  subscribe(state: TypeState): void;
  receive(response: Response): void;
}

/** What a session needs of the client around it. */
export interface SessionContext<Request> {
  send(request: Request): void;
  /** Undefined for a type that nobody ever asked for. */
  stateOf(type: XdsType): TypeState | undefined;
  /** Called after each response: counts, logs. */
  settled(state: TypeState, outcome: ResponseOutcome): void;
}

export interface ResponseOutcome {
  readonly received: number;
  readonly removed: number;
  readonly version: string;
  /** How long it took to apply. */
  readonly durationMs: number;
  /** Undefined: acknowledged. */
  readonly error: string | undefined;
}

/** gRPC's INVALID_ARGUMENT, as Envoy says it in a NACK. */
const INVALID_ARGUMENT = 3;

export function nackStatus(message: string): Status {
  return create(StatusSchema, { code: INVALID_ARGUMENT, message });
}

/** One text for all that was refused, undefined when nothing was. */
export function nackText(type: XdsType, refused: readonly Rejection[]): string | undefined {
  if (refused.length === 0) return undefined;
  return `${type}: ${refused.map(({ name, message }) => `${name}: ${message}`).join('; ')}`;
}

export function duplicateName(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}
