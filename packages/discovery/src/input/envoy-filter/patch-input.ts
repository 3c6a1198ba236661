// What a patch of an EnvoyFilter is to the resource that it changes or brings: a part of its cache key.
import type { JsonValue } from '@bufbuild/protobuf';
import type { ApplyTo, ListenerPatchMatch, PatchOperation, RoutePatchMatch } from '@meltemi/config';
import type { Provenance } from '../provenance.ts';

/** One patch, as what it changes depends on it. */
export interface PatchInput {
  readonly applyTo: ApplyTo;
  readonly operation: PatchOperation;
  readonly listener?: ListenerPatchMatch;
  readonly route?: RoutePatchMatch;
  /** Protobuf's JSON of what `applyTo` names; null where the patch removes. */
  readonly value: JsonValue;
  readonly provenance: Provenance;
}

/** What may be patched has this. */
export interface Patched {
  readonly patches?: readonly PatchInput[];
}

/** A whole resource that a patch brings. */
export interface AddedInput {
  readonly name: string;
  /** Protobuf's JSON of it. */
  readonly value: JsonValue;
  readonly provenance: Provenance;
}
