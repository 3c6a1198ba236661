// Names listed by their first word and type → a manifest.
import type { ValueType } from '../values/value-type.ts';

import type { Manifest } from './vocabulary.ts';

/** `{source: {STRING: 'uid user'}}` declares `source.uid` and `source.user`. */
export function fromGroups(groups: Readonly<Record<string, Partial<Record<ValueType, string>>>>): Manifest {
  const manifest: Record<string, ValueType> = {};
  for (const [group, types] of Object.entries(groups)) {
    for (const [type, names] of Object.entries(types)) {
      for (const name of names.split(' ')) manifest[`${group}.${name}`] = type as ValueType;
    }
  }
  return manifest;
}
