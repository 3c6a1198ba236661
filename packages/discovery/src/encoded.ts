// Inputs → encoded resources as a table; what cannot be made is left out, and said.
import type { DescMessage } from '@bufbuild/protobuf';
import type { Problem } from '@meltemi/base';
import type { Fragment } from './fragment.ts';
import type { FragmentCache, Generation } from './fragment-cache.ts';
import type { Patched } from './input/envoy-filter/patch-input.ts';
import { type ResourceTable, tableOf } from './resource-table.ts';

/** Immutable. */
export interface Encoded {
  readonly table: ResourceTable;
  readonly problems: readonly Problem[];
}

export const NOTHING_ENCODED: Encoded = { table: new Map(), problems: [] };

/** One that cannot be made is left out, and said; the others are not harmed. */
export function encodeAll<Input extends { readonly name: string } & Patched, Desc extends DescMessage>(
  inputs: readonly Input[],
  generation: Generation<Input, Desc>,
  cache: FragmentCache,
): Encoded {
  const problems: Problem[] = [];
  const encode = (input: Input): readonly Fragment[] => {
    try {
      return [cache.fragment(input, generation)];
    } catch (error) {
      const resource = `${generation.schema.name} ${input.name}`;
      const message = `${resource} cannot be made: ${(error as Error).message}`;
      problems.push({ severity: 'error', code: 'MEL0301', message });
      return input.patches ? encode({ ...input, patches: undefined }) : [];
    }
  };
  return { table: tableOf(inputs.flatMap(encode)), problems };
}

/** As one: the later ones stand before the earlier. */
export function joined(...all: readonly Encoded[]): Encoded {
  return {
    table: tableOf(all.flatMap(({ table }) => [...table.values()])),
    problems: all.flatMap(({ problems }) => problems),
  };
}

/** The one before, where the other says the same. */
export function reusedEncoded(before: Encoded | undefined, now: Encoded): Encoded {
  if (!before || before.table.size !== now.table.size || before.problems.length + now.problems.length > 0) return now;
  for (const [name, { version }] of now.table) if (before.table.get(name)?.version !== version) return now;
  return before;
}
