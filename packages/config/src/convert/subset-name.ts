// Labels of old rules → names of subsets: `version: "1.0"` becomes `version-1-0`.
import type { Labels } from '@meltemi/base';

/** The same labels in any order have the same key. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Names the label sets of one host, by their keys. Sets that would share a name are numbered. */
export function nameSubsets(
  labelSets: readonly Labels[],
): ReadonlyMap<string, { readonly name: string; readonly labels: Labels }> {
  const named = new Map<string, { name: string; labels: Labels }>();
  const taken = new Set<string>();
  for (const labels of labelSets) {
    const key = labelsKey(labels);
    if (named.has(key)) continue;
    const name = freeName(plainName(labels), taken);
    taken.add(name);
    named.set(key, { name, labels });
  }
  return named;
}

/** The name that labels have where no other set of the host would share it; without labels, `default`. */
export function plainName(labels: Labels): string {
  const words = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map((entry) => entry.join('-'));
  const name = words
    .join('-')
    .replaceAll(/[^a-zA-Z0-9-]/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  // A DNS label, with room for a number.
  return name.slice(0, 58).replace(/-+$/, '') || 'default';
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name}-${number}`;
  return free;
}
