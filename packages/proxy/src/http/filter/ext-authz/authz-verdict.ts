// What an authorization server said of a request, in whichever protocol it was asked.
import type { JsonObject } from '@bufbuild/protobuf';

/** A change of one header field. */
export interface HeaderEdit {
  /** As the server wrote it. */
  readonly name: string;
  readonly value: string;
  /** set: replace or add; add: one more field; join: behind the value that is there, with a comma; absent: nothing then. */
  readonly kind: 'set' | 'add' | 'join' | 'add-if-absent' | 'replace';
}

export interface Allowed {
  readonly kind: 'allowed';
  readonly request: readonly HeaderEdit[];
  readonly removedHeaders: readonly string[];
  readonly setParameters: readonly (readonly [string, string])[];
  readonly removedParameters: readonly string[];
  readonly response: readonly HeaderEdit[];
  readonly metadata: JsonObject | undefined;
}

export interface Denied {
  readonly kind: 'denied';
  readonly status: number;
  /** Latin1. */
  readonly body: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly metadata: JsonObject | undefined;
}

/** It could not be asked, or made no sense. */
export interface Failed {
  readonly kind: 'failed';
}

export type AuthzVerdict = Allowed | Denied | Failed;

export const FAILED: Failed = { kind: 'failed' };
