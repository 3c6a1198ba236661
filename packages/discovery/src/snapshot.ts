// Everything that resources are made of, at one moment.
import type { ConfigView } from '@meltemi/config';
import type { RegistryView } from '@meltemi/registry';
import type { KeySets } from './key-sets/key-set-source.ts';
import type { MeshSettings } from './mesh.ts';

/** Immutable. `version` counts from 1 in the life of the process. */
export interface Snapshot {
  readonly version: number;
  readonly config: ConfigView;
  readonly registry: RegistryView;
  readonly mesh: MeshSettings;
  /** Of token issuers; undefined: none was fetched. */
  readonly keySets?: KeySets;
}
