// Who sees a resource: `exportTo` of services and rules.

/** `exportTo` of a resource in `home`, read by `namespace`: `*`, `.` (its own), or names; none means all. */
export function visibleIn(namespace: string, home: string, exportTo: readonly string[] | undefined): boolean {
  if (!exportTo || exportTo.length === 0) return true;
  return exportTo.some((word) => word === '*' || word === namespace || (word === '.' && namespace === home));
}
