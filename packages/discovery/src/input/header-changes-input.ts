// Turns header operations into their input: names in lower case, sorted, so that equal rules are equal inputs.
import type { HeaderOperations } from '@meltemi/config';
import type { HeaderChangesInput } from './route-input.ts';

export const NO_HEADER_CHANGES: HeaderChangesInput = { set: [], add: [], remove: [] };

/** The host cannot be changed as a header: a route rewrites it (`rewrittenHost`). */
export function headerChangesInput(operations: HeaderOperations | undefined): HeaderChangesInput | undefined {
  if (!operations) return undefined;
  return {
    set: pairs(operations.set).filter(([name]) => !isHost(name)),
    add: pairs(operations.add).filter(([name]) => !isHost(name)),
    remove: (operations.remove ?? []).map((name) => name.toLowerCase()).filter((name) => !isHost(name)),
  };
}

/** The host that the operations set, or empty. */
export function rewrittenHost(operations: HeaderOperations | undefined): string {
  return pairs(operations?.set).find(([name]) => isHost(name))?.[1] ?? '';
}

function isHost(name: string): boolean {
  return name === 'host' || name === ':authority';
}

function pairs(values: Readonly<Record<string, string>> | undefined): (readonly [string, string])[] {
  return Object.entries(values ?? {})
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
