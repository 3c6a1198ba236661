// Turns a conjunction of statements into one condition, in the words of either half of an RBAC policy.
import type { Conjunction, Statement } from './statements.ts';

/** How one half of a policy, permissions or principals, says things. */
export interface Words<Part> {
  readonly any: Part;
  and(parts: readonly Part[]): Part;
  or(parts: readonly Part[]): Part;
  not(part: Part): Part;
  /** What holds when one of the values does, in as many parts as are or-ed; undefined: one can't be said here. */
  say(key: string, value: string): Part | undefined;
  /** Attributes whose values are said together. */
  sayAll?(key: string, values: readonly string[]): Part | undefined;
}

/** What becomes of that which can't be said: under ALLOW the rule goes, else the rule gets wider. Never is more let in. */
export type Unsayable = 'drop-rule' | 'widen';

/** Undefined: the rule goes. */
export function condition<Part>(statements: Conjunction, words: Words<Part>, unsayable: Unsayable): Part | undefined {
  const parts: Part[] = [];
  for (const each of statements) {
    const said = sayStatement(each, words, unsayable);
    if (!said) return undefined;
    parts.push(...said);
  }
  return words.and(parts.length > 0 ? parts : [words.any]);
}

function sayStatement<Part>(
  { key, values, notValues }: Statement,
  words: Words<Part>,
  unsayable: Unsayable,
): Part[] | undefined {
  const wanted = sayOneOf(key, values, words, unsayable);
  const unwanted = sayOneOf(key, notValues, words, unsayable);
  if (!wanted || !unwanted) return undefined;
  return [...wanted, ...unwanted.map((part) => words.not(part))];
}

/** Nothing where there are no values, or none that can be said. */
function sayOneOf<Part>(
  key: string,
  values: readonly string[],
  words: Words<Part>,
  unsayable: Unsayable,
): Part[] | undefined {
  if (values.length === 0) return [];
  const together = words.sayAll?.(key, values);
  if (together) return [together];
  const said = values.map((value) => words.say(key, value));
  if (said.includes(undefined) && unsayable === 'drop-rule') return undefined;
  const parts = said.filter((part) => part !== undefined);
  return parts.length > 0 ? [words.or(parts)] : [];
}
