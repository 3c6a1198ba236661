// What is wrong with a resource ↔ its status in the API server: a condition, messages, and the generation that was looked at.
// https://istio.io/latest/docs/reference/config/status/
import type { Problem } from '@meltemi/base';

import { levelOf } from '../analysis/level.ts';
import { isRecord } from '../document.ts';

/** A status as a server has it. */
export interface ReportedStatus {
  /** The generation, and what is wrong, in a form that can be compared. */
  readonly said: string;
  readonly reconciled: string;
  /** When the condition became what it is; RFC 3339. */
  readonly since: string;
}

const CONDITION = 'Reconciled';

/** Undefined where nobody reported. */
export function reportedStatus(status: unknown): ReportedStatus | undefined {
  if (!isRecord(status)) return undefined;
  const condition = records(status['conditions']).find(({ type }) => type === CONDITION);
  if (!condition) return undefined;
  const messages = records(status['validationMessages']).map(({ type }) => {
    const { code, name } = isRecord(type) ? type : {};
    return [code, name];
  });
  return {
    said: JSON.stringify([Number(status['observedGeneration']), messages]),
    reconciled: String(condition['status']),
    since: String(condition['lastTransitionTime']),
  };
}

/** Undefined where the server has it already. */
export function statusToReport(
  problems: readonly Problem[],
  generation: number,
  before: ReportedStatus | undefined,
  now: Date,
): object | undefined {
  const said = JSON.stringify([generation, problems.map(({ code, message }) => [code, message])]);
  if (before?.said === said) return undefined;
  const first = problems.find(({ severity }) => severity === 'error');
  const reconciled = first ? 'False' : 'True';
  const condition = {
    type: CONDITION,
    status: reconciled,
    reason: first ? 'Invalid' : 'Reconciled',
    message: first?.message ?? '',
    observedGeneration: generation,
    lastTransitionTime: before?.reconciled === reconciled ? before.since : now.toISOString(),
  };
  const validationMessages = problems.map((problem) => ({
    type: { code: problem.code, name: problem.message },
    level: levelOf(problem).toUpperCase(),
  }));
  return { observedGeneration: generation, conditions: [condition], validationMessages };
}

function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
