// Lists of names → sets of them, one for all receivers that ask for the same.
import { hash } from 'node:crypto';

const MIN_SHARED = 16;
const sets = new Map<string, WeakRef<ReadonlySet<string>>>();
const gone = new FinalizationRegistry<string>((key) => {
  if (!sets.get(key)?.deref()) sets.delete(key);
});

/** Immutable. */
export function nameSet(names: Iterable<string>): ReadonlySet<string> {
  const set = new Set(names);
  if (set.size < MIN_SHARED) return set;
  const key = hash('sha256', [...set].join('\n'), 'base64');
  const known = sets.get(key)?.deref();
  if (known) return known;
  sets.set(key, new WeakRef(set));
  gone.register(set, key);
  return set;
}

export function sameNames(set: ReadonlySet<string>, names: readonly string[]): boolean {
  return set.size === names.length && names.every((name) => set.has(name));
}
