// What is known of a kind of objects: its names everywhere and the schema of its spec.
import type { Field, Finding } from './schema.ts';
import type { KindName } from './view.ts';

/** `type` is the name in keys and on istioctl's command line (`route-rule`); `names` are the others that it takes there. */
export interface Kind {
  readonly kind: KindName;
  /** The core group is ''. */
  readonly groups: readonly string[];
  /** The first is the one that new objects are written in. */
  readonly versions: readonly string[];
  readonly type: string;
  readonly plural: string;
  readonly names: readonly string[];
  readonly ours: boolean;
  readonly clusterScoped?: boolean;
  /** Objects are read without an apiVersion too, and `istioctl get` prints them in its own form, as Istio 0.2 did. */
  readonly legacy?: boolean;
  /** Objects are checked and kept, and the mesh does nothing of what they say. */
  readonly unfollowed?: boolean;
  readonly schema: Field;
  /** Fields of the spec that stand for those that are not written. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** What the version of the API forbids or asks for; paths lead on from the spec. */
  readonly checkVersion?: (apiVersion: string, spec: Readonly<Record<string, unknown>>) => readonly Finding[];
  /** What the name forbids or asks for; paths lead on from the spec. */
  readonly checkName?: (name: string, spec: Readonly<Record<string, unknown>>) => readonly Finding[];
}
