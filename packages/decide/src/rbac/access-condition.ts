// Joins conditions of access rules by and, or and not, and keeps what each of them lacked.
import { DecideError } from '../decide-error.ts';
import type { AccessRequest } from './access-request.ts';
import type { PathNeed } from '../path-lists.ts';

export interface AccessCondition {
  /** What must hold: `path exact "/ratings"`. */
  readonly words: string;
  readonly holds: (request: AccessRequest) => boolean;
  /** The least that would have to be otherwise for it to hold, in words; nothing when it holds. */
  misses(request: AccessRequest): readonly string[];
  /** It holds for no other paths than these; undefined: any path may do. */
  readonly paths?: readonly PathNeed[] | undefined;
}

/** One thing to test. */
export function leaf(
  words: string,
  holds: (request: AccessRequest) => boolean,
  paths?: readonly PathNeed[],
): AccessCondition {
  return { words, holds, misses: (request) => (holds(request) ? [] : [words]), paths };
}

export const ANYTHING: AccessCondition = leaf('anything', () => true);

/** Throws DecideError where there are none. */
export function allOf(conditions: readonly AccessCondition[]): AccessCondition {
  refuseEmpty(conditions);
  if (conditions.length === 1) return conditions[0]!;
  return {
    words: bracketed(conditions, ' and '),
    holds: conditions
      .map(({ holds }) => holds)
      .reduceRight((rest, holds) => (request) => holds(request) && rest(request)),
    misses: (request) => conditions.flatMap((condition) => condition.misses(request)),
    paths: conditions.find(({ paths }) => paths)?.paths,
  };
}

/** Throws DecideError where there are none. */
export function oneOf(conditions: readonly AccessCondition[]): AccessCondition {
  refuseEmpty(conditions);
  if (conditions.length === 1) return conditions[0]!;
  return {
    words: bracketed(conditions, ' or '),
    holds: conditions
      .map(({ holds }) => holds)
      .reduceRight((rest, holds) => (request) => holds(request) || rest(request)),
    misses: (request) => fewestMisses(conditions, request),
    paths: conditions.every(({ paths }) => paths) ? conditions.flatMap(({ paths }) => paths!) : undefined,
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
