// Says in the log what has become wrong with the configuration, once, in the words that every other place uses.
import { formatProblem, type Logger, type Problem } from '@meltemi/base';

export class ProblemLog {
  readonly #logger: Logger;
  #known: ReadonlySet<string> = new Set();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Logs the problems that were not there before, and how many went. */
  update(problems: readonly Problem[]): void {
    const now = new Set<string>();
    for (const problem of problems) {
      const line = formatProblem(problem);
      now.add(line);
      if (!this.#known.has(line)) this.#log(problem, line);
    }
    const gone = [...this.#known].filter((line) => !now.has(line)).length;
    if (gone > 0) this.#logger.info(`${gone} ${gone === 1 ? 'problem is' : 'problems are'} mended; ${now.size} left`);
    this.#known = now;
  }

  #log({ severity }: Problem, line: string): void {
    if (severity === 'error') this.#logger.error(line);
    else if (severity === 'warning') this.#logger.warn(line);
    else this.#logger.info(line);
  }
}
