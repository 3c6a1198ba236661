// Turns labels into texts to look subsets up by, and says which hosts carry them.
import type { SubsetLabels } from '../settings/balancer-settings.ts';

/** Routes are compiled: their labels are the same object at each request. */
const known = new WeakMap<SubsetLabels, string>();

/** The same for the same labels in any order. */
export function labelsKey(labels: SubsetLabels): string {
  const found = known.get(labels);
  if (found !== undefined) return found;
  const key = keyOf(Object.keys(labels).map((name) => [name, labels[name]]));
  known.set(labels, key);
  return key;
}

/** The keys of the subsets that a host belongs to under one selector: none where it lacks a name. */
export function labelsOfHost(labels: SubsetLabels, names: readonly string[], listAsAny: boolean): readonly string[] {
  if (!names.every((name) => name in labels)) return [];
  let combinations: (readonly [string, unknown])[][] = [[]];
  for (const name of names) {
    const values = valuesOf(labels[name], listAsAny);
    combinations = combinations.flatMap((some) => values.map((value) => [...some, [name, value] as const]));
  }
  return combinations.map(keyOf);
}

/** The host has every wanted label, with that value. */
export function matchesLabels(labels: SubsetLabels, wanted: SubsetLabels, listAsAny: boolean): boolean {
  return Object.entries(wanted).every(([name, value]) => {
    const text = canonical(value);
    return name in labels && valuesOf(labels[name], listAsAny).some((own) => canonical(own) === text);
  });
}

function valuesOf(value: unknown, listAsAny: boolean): readonly unknown[] {
  return listAsAny && Array.isArray(value) ? value : [value];
}

function keyOf(pairs: readonly (readonly [string, unknown])[]): string {
  const sorted = pairs.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([name, value]) => `${JSON.stringify(name)}:${canonical(value)}`).join(',');
}

/** JSON with names in order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(',')}}`;
}
