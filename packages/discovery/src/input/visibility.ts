// Who sees a resource: `exportTo` of services and rules.

/** Words of `exportTo`: `*`, `.` (its own), names; none: as the mesh says. */
export type ExportTo = readonly string[];

/** Its own, else the mesh's. */
export function effectiveExportTo(exportTo: ExportTo | undefined, otherwise: ExportTo): ExportTo {
  return exportTo && exportTo.length > 0 ? exportTo : otherwise;
}

/** `exportTo` of a resource in `home`, read by `namespace`. */
export function visibleIn(namespace: string, home: string, exportTo: ExportTo): boolean {
  return exportTo.some((word) => word === '*' || word === namespace || (word === '.' && namespace === home));
}

export function isPublic(exportTo: ExportTo): boolean {
  return exportTo.length === 0 || exportTo.includes('*');
}

/** What is kept for the namespace itself stands before what some namespaces see, and that before what all see. */
export function nearestFirst<Item>(
  items: readonly Item[],
  namespace: string,
  readOf: (item: Item) => { readonly home: string; readonly exportTo: ExportTo },
): readonly Item[] {
  const rank = (item: Item) => {
    const { home, exportTo } = readOf(item);
    return isPublic(exportTo) ? 2 : home === namespace ? 0 : 1;
  };
  const ranked = items.map((item) => ({ item, rank: rank(item) }));
  if (ranked.every((each) => each.rank === 2)) return items;
  return ranked.sort((a, b) => a.rank - b.rank).map(({ item }) => item);
}
