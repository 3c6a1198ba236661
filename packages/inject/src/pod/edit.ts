// The two changes that injection makes to an object, and their forms: on plain data, and as a JSON patch (RFC 6902).
import { type Fields, isRecord, type Path, valueAt } from './kubernetes-object.ts';

export type Edit =
  | { readonly kind: 'set'; readonly path: Path; readonly value: unknown }
  /** Appends to a list; one that is missing or null begins here. */
  | { readonly kind: 'append'; readonly path: Path; readonly items: readonly Fields[] };

export interface PatchOperation {
  readonly op: 'add' | 'replace';
  readonly path: string;
  readonly value: unknown;
}

/** A copy of the value with all edits made. */
export function editValue<T>(value: T, edits: readonly Edit[]): T {
  const copy = unshared(value);
  for (const edit of edits) setAt(copy, edit.path, newValue(copy, edit));
  return copy;
}

/** A deep copy in which no two places are the same object, as aliases in YAML make them. */
function unshared<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item: unknown) => unshared(item)) as T;
  if (!isRecord(value)) return value;
  const copy = {};
  for (const [key, member] of Object.entries(value)) put(copy, key, unshared(member));
  return copy as T;
}

/** The operations that make the edits one after another, parents first. */
export function jsonPatch(value: unknown, edits: readonly Edit[]): readonly PatchOperation[] {
  const operations: PatchOperation[] = [];
  const copy = unshared(value);
  for (const edit of edits) {
    operations.push(...missingParents(copy, edit.path), ...operationsOf(copy, edit));
    setAt(copy, edit.path, newValue(copy, edit));
  }
  return operations;
}

function newValue(value: unknown, edit: Edit): unknown {
  if (edit.kind === 'set') return unshared(edit.value);
  const before = valueAt(value, edit.path);
  return [...(Array.isArray(before) ? (before as readonly unknown[]) : []), ...unshared(edit.items)];
}

function setAt(value: unknown, path: Path, member: unknown): void {
  let at = value as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) {
    if (!Array.isArray(at[step]) && !isRecord(at[step])) put(at, step, {});
    at = at[step] as Record<string | number, unknown>;
  }
  put(at, path.at(-1)!, member);
}

/** Also the key `__proto__` is a member like any other. */
function put(at: Record<string | number, unknown>, step: string | number, member: unknown): void {
  Object.defineProperty(at, step, { value: member, writable: true, enumerable: true, configurable: true });
}

function missingParents(value: unknown, path: Path): readonly PatchOperation[] {
  return path
    .map((_, length) => path.slice(0, length))
    .slice(1)
    .filter((parent) => typeof valueAt(value, parent) !== 'object' || valueAt(value, parent) === null)
    .map((parent) => ({ op: 'add', path: pointer(parent), value: {} }));
}

function operationsOf(value: unknown, edit: Edit): readonly PatchOperation[] {
  const before = valueAt(value, edit.path);
  const path = pointer(edit.path);
  if (edit.kind === 'set') return [{ op: before === undefined ? 'add' : 'replace', path, value: edit.value }];
  if (!Array.isArray(before)) return edit.items.length === 0 ? [] : [{ op: 'add', path, value: edit.items }];
  return edit.items.map((item) => ({ op: 'add', path: `${path}/-`, value: item }));
}

/** RFC 6901, section 3. */
function pointer(path: Path): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
