// One patch of a list: an entry added, inserted, replaced or removed, by the entry that it names.
import type { PatchOperation } from '@meltemi/config';

export interface ListChange<Item> {
  readonly operation: PatchOperation;
  readonly item: Item;
  /** Undefined: the patch names none. */
  readonly names: ((item: Item) => boolean) | undefined;
}

/** `isLast`: an entry behind which none can stand, so that what is to come last comes before it. */
export function changedList<Item>(
  items: readonly Item[],
  { operation, item, names }: ListChange<Item>,
  isLast: (item: Item) => boolean,
): readonly Item[] {
  const at = names ? items.findIndex(names) : -1;
  switch (operation) {
    case 'ADD':
      return added(items, item, isLast);
    case 'INSERT_FIRST':
      return [item, ...items];
    case 'INSERT_AFTER':
      return names ? insertedAt(items, item, at < 0 ? undefined : at + 1) : added(items, item, isLast);
    case 'INSERT_BEFORE':
      return names ? insertedAt(items, item, at < 0 ? undefined : at) : [item, ...items];
    case 'REPLACE':
      return at < 0 ? items : items.toSpliced(at, 1, item);
    case 'REMOVE':
      return names ? items.filter((each) => !names(each)) : items;
    default:
      return items;
  }
}

function added<Item>(items: readonly Item[], item: Item, isLast: (item: Item) => boolean): readonly Item[] {
  const last = items.at(-1);
  return insertedAt(items, item, last !== undefined && isLast(last) ? items.length - 1 : items.length);
}

function insertedAt<Item>(items: readonly Item[], item: Item, at: number | undefined): readonly Item[] {
  return at === undefined ? items : items.toSpliced(at, 0, item);
}
