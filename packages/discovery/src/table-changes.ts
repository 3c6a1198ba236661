// Two tables of resources → what is different in the second; asked for by all that have the first, found once.
import type { Fragment } from './fragment.ts';
import { partsOf, type ResourceTable } from './resource-table.ts';

export interface TableChanges {
  /** New, or of another version, by name. */
  readonly changed: ReadonlyMap<string, Fragment>;
  /** Names that are gone. */
  readonly removed: ReadonlySet<string>;
}

const NO_CHANGES: TableChanges = { changed: new Map(), removed: new Set() };

/** `before` → `after` → what differs. */
const found = new WeakMap<ResourceTable, WeakMap<ResourceTable, TableChanges>>();

export function tableChanges(before: ResourceTable, after: ResourceTable): TableChanges {
  if (before === after) return NO_CHANGES;
  if (before.size === 0) return { changed: after, removed: NO_CHANGES.removed };
  const known = found.get(before)?.get(after);
  if (known) return known;
  const changes = differences(before, after);
  keep(before, after, changes);
  return changes;
}

function differences(before: ResourceTable, after: ResourceTable): TableChanges {
  const old = partsOf(before);
  const now = partsOf(after);
  if (old.length === 1 && now.length === 1) return partChanges(old[0]!, now[0]!);
  const different = old.length === now.length ? old.flatMap((part, index) => (part === now[index] ? [] : [index])) : [];
  const [only] = different;
  if (old.length === now.length && different.length === 0) return NO_CHANGES;
  if (only !== undefined && different.length === 1) {
    // What changed in one part shows only where no other part hides it.
    const { changed, removed } = partChanges(old[only]!, now[only]!);
    return fromNames([...changed.keys(), ...removed], before, after);
  }
  return fromNames(new Set([...before.keys(), ...after.keys()]), before, after);
}

function partChanges(before: ResourceTable, after: ResourceTable): TableChanges {
  const known = found.get(before)?.get(after);
  if (known) return known;
  const changed = new Map<string, Fragment>();
  for (const [name, fragment] of after) if (before.get(name)?.version !== fragment.version) changed.set(name, fragment);
  const removed = new Set<string>();
  for (const name of before.keys()) if (!after.has(name)) removed.add(name);
  const changes = { changed, removed };
  keep(before, after, changes);
  return changes;
}

function keep(before: ResourceTable, after: ResourceTable, changes: TableChanges): void {
  const known = found.get(before) ?? new WeakMap<ResourceTable, TableChanges>();
  known.set(after, changes);
  found.set(before, known);
}

function fromNames(names: Iterable<string>, before: ResourceTable, after: ResourceTable): TableChanges {
  const changed = new Map<string, Fragment>();
  const removed = new Set<string>();
  for (const name of names) {
    const fragment = after.get(name);
    const known = before.get(name);
    if (!fragment) {
      if (known) removed.add(name);
    } else if (known?.version !== fragment.version) changed.set(name, fragment);
  }
  return { changed, removed };
}
