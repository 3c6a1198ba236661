// Keeps of a JSON value the fields that a protobuf FieldMask names.
// https://protobuf.dev/reference/protobuf/google.protobuf/#field-mask
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';

type Tree = Map<string, Tree>;

/** `a.b,c`: the fields b of a, and c. Fields of lists are those of their items. `@type` stays. Undefined when nothing fits. */
export function maskJson(value: JsonObject, mask: string): JsonObject | undefined {
  const tree: Tree = new Map();
  for (const path of mask.split(',')) {
    let node = tree;
    for (const step of path.trim().split('.')) {
      const next = node.get(step) ?? new Map();
      node.set(step, next);
      node = next;
    }
  }
  const kept = keep(value, tree);
  return kept === undefined ? undefined : (kept as JsonObject);
}

function keep(value: JsonValue, tree: Tree): JsonValue | undefined {
  if (tree.size === 0) return value;
  if (Array.isArray(value)) {
    const items = value.flatMap((item) => keep(item, tree) ?? []);
    return items.length > 0 ? items : undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = Object.entries(value).flatMap(([key, member]) => {
    const below = tree.get(key);
    const kept = below && keep(member, below);
    return kept === undefined ? [] : [[key, kept] as const];
  });
  if (fields.length === 0) return undefined;
  return { ...(value['@type'] !== undefined && { '@type': value['@type'] }), ...Object.fromEntries(fields) };
}
