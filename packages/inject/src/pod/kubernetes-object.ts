// Safe access to the parts of a Kubernetes object that nobody has checked yet.

export type Fields = Readonly<Record<string, unknown>>;

/** Names of fields and indices of items, from the object's top. */
export type Path = readonly (string | number)[];

export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path, or undefined where the path leads nowhere. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const step of path) {
    if (Array.isArray(at) && typeof step === 'number') at = at[step];
    else if (isRecord(at) && Object.hasOwn(at, step)) at = at[step];
    else return undefined;
  }
  return at;
}

export function listAt(value: unknown, path: Path): readonly unknown[] {
  const list = valueAt(value, path);
  return Array.isArray(list) ? list : [];
}

export function textAt(value: unknown, path: Path): string | undefined {
  const text = valueAt(value, path);
  return typeof text === 'string' ? text : undefined;
}

/** The members of a map of texts (labels, annotations); others are left out. */
export function textsAt(value: unknown, path: Path): Readonly<Record<string, string>> {
  const map = valueAt(value, path);
  if (!isRecord(map)) return {};
  return Object.fromEntries(
    Object.entries(map).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
