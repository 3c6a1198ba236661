// Why a bootstrap can't be used: every problem that was found, at once.
import { formatProblem, type Problem } from '@meltemi/base';

export class BootstrapError extends Error {
  readonly code = 'BAD_BOOTSTRAP';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map((problem) => formatProblem(problem)).join('\n'));
    this.problems = problems;
  }
}
