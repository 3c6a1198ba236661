// What is wrong with a resource, said once for every place that shows it: terminal, log, status, console.
import { formatSource, type Source } from './source.ts';

/** `error`: the resource is refused. `warning`: it is taken, and may not do what was meant. */
export type Severity = 'error' | 'warning' | 'info';

/** Names a configuration object. */
export interface ResourceName {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/**
 * One finding about configuration, as a value: problems are collected, all at once, and never thrown.
 * `code` is Istio's analysis code (`IST0101`) where one exists, else ours (`MEL…`).
 * `path` is the field (`spec.http[0].route[1].weight`).
 */
export interface Problem {
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  readonly resource?: ResourceName;
  readonly path?: string;
  readonly source?: Source;
  /** What was probably meant, a whole phrase: `did you mean "weight"?` */
  readonly hint?: string;
}

/** Renders `file:line:column: error: message (hint) [CODE]`; without a source the resource stands in its place. */
export function formatProblem(problem: Problem): string {
  const place = problem.source
    ? formatSource(problem.source)
    : problem.resource
      ? formatResourceName(problem.resource)
      : '';
  const hint = problem.hint ? ` (${problem.hint})` : '';
  return `${place}${place && ': '}${problem.severity}: ${problem.message}${hint} [${problem.code}]`;
}

/** Renders `Kind namespace/name`. */
export function formatResourceName(name: ResourceName): string {
  return `${name.kind} ${name.namespace}/${name.name}`;
}

/** True when one of the problems refuses the resource. */
export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === 'error');
}
