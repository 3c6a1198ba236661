// Joins conditions of access rules by and, or and not, and keeps what each of them lacked.
import { DecideError } from '../decide-error.ts';
import type { AccessRequest } from './access-request.ts';

export interface AccessCondition {
  /** What must hold: `path exact "/ratings"`. */
  readonly words: string;
  holds(request: AccessRequest): boolean;
  /** The least that would have to be otherwise for it to hold, in words; nothing when it holds. */
  misses(request: AccessRequest): readonly string[];
}

/** One thing to test. */
export function leaf(words: string, holds: (request: AccessRequest) => boolean): AccessCondition {
  return { words, holds, misses: (request) => (holds(request) ? [] : [words]) };
}

export const ANYTHING: AccessCondition = leaf('anything', () => true);

/** Throws DecideError where there are none. */
export function allOf(conditions: readonly AccessCondition[]): AccessCondition {
  refuseEmpty(conditions);
  if (conditions.length === 1) return conditions[0]!;
  return {
    words: bracketed(conditions, ' and '),
    holds: (request) => conditions.every((condition) => condition.holds(request)),
    misses: (request) => conditions.flatMap((condition) => condition.misses(request)),
  };
}

/** Throws DecideError where there are none. */
export function oneOf(conditions: readonly AccessCondition[]): AccessCondition {
  refuseEmpty(conditions);
  if (conditions.length === 1) return conditions[0]!;
  return {
    words: bracketed(conditions, ' or '),
    holds: (request) => conditions.some((condition) => condition.holds(request)),
    misses: (request) => fewestMisses(conditions, request),
  };
}

export function noneOf(condition: AccessCondition): AccessCondition {
  return leaf(`not ${condition.words}`, (request) => !condition.holds(request));
}

function refuseEmpty(conditions: readonly AccessCondition[]): void {
  if (conditions.length === 0) throw new DecideError('BAD_MATCH', 'a list of rules is empty');
}

/** Where several lack one thing each, any of those would do. */
function fewestMisses(conditions: readonly AccessCondition[], request: AccessRequest): readonly string[] {
  const all = conditions.map((condition) => condition.misses(request));
  const fewest = Math.min(...all.map((misses) => misses.length));
  const nearest = all.filter((misses) => misses.length === fewest);
  if (fewest !== 1) return nearest[0] ?? [];
  const choices = [...new Set(nearest.map(([only]) => only!))];
  return [choices.length === 1 ? choices[0]! : `(${choices.join(' or ')})`];
}

function bracketed(conditions: readonly AccessCondition[], joint: string): string {
  return `(${conditions.map(({ words }) => words).join(joint)})`;
}
