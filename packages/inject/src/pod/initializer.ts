// The initializer of Kubernetes 1.7 and 1.8: an uninitialized object → the strategic merge patch that gives it a sidecar.
import type { Edit } from './edit.ts';
import { injection } from './injection.ts';
import { type Fields, isRecord, listAt, textAt, valueAt } from './kubernetes-object.ts';
import type { InjectSettings } from './settings.ts';
import { workloadKind } from './workload-kind.ts';

export interface Initializer {
  readonly name: string;
  /** The empty name stands for all. */
  readonly namespaces: readonly string[];
}

const PENDING = ['metadata', 'initializers', 'pending'];

/** Undefined where it isn't this initializer's turn. Without a sidecar the patch only takes the name off the list. */
export function initializerPatch(
  object: Fields,
  initializer: Initializer,
  settings: InjectSettings,
): Fields | undefined {
  const kind = workloadKind(object);
  const pending = listAt(object, PENDING);
  if (!kind || textAt(pending[0], ['name']) !== initializer.name) return undefined;
  if (!isManaged(textAt(object, ['metadata', 'namespace']) ?? '', initializer)) return undefined;
  const rest = pending.slice(1);
  const patch: Record<string, unknown> = {
    metadata: { initializers: rest.length === 0 ? null : { pending: rest } },
  };
  for (const edit of injection(object, kind, settings).edits) addToPatch(patch, object, edit);
  return patch;
}

function isManaged(namespace: string, { namespaces }: Initializer): boolean {
  return namespaces.includes('') || namespaces.includes(namespace);
}

/** Lists are merged by name; `$setElementOrder` says where the new items stand among the old ones. */
function addToPatch(patch: Record<string, unknown>, object: Fields, edit: Edit): void {
  const parent = parentOf(patch, edit);
  const last = String(edit.path.at(-1));
  if (edit.kind === 'set') return void (parent[last] = edit.value);
  const before = valueAt(object, edit.path);
  if (Array.isArray(before) && before.length > 0) {
    const all = [...(before as readonly unknown[]), ...edit.items];
    parent[`$setElementOrder/${last}`] = all.map((item) => ({ name: textAt(item, ['name']) }));
  }
  parent[last] = edit.items;
}

function parentOf(patch: Record<string, unknown>, { path }: Edit): Record<string, unknown> {
  let at = patch;
  for (const step of path.slice(0, -1)) {
    const next = at[step];
    at = isRecord(next) ? next : (at[step] = {});
  }
  return at;
}
