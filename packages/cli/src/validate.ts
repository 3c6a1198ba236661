// istioctl validate: what is wrong in files, without writing anything.
import { formatProblem, hasErrors, type Problem } from '@meltemi/base';
import { buildView } from '@meltemi/config';

import { readInputs } from './read-inputs.ts';
import { CommandError, EXIT, type Terminal } from './terminal.ts';

export interface ValidateOptions {
  readonly files: readonly string[];
  readonly namespace: string;
  /** Also says what the objects name that is not among them. */
  readonly referential: boolean;
}

export async function validate(options: ValidateOptions, terminal: Terminal): Promise<void> {
  if (options.files.length === 0) throw new CommandError('give files with -f', EXIT.usage);
  const { resources, problems } = await readInputs(options.files, options.namespace, terminal);
  const all: readonly Problem[] = options.referential ? buildView(resources, problems).problems : problems;
  for (const problem of all) terminal.error(`${formatProblem(problem)}\n`);
  if (hasErrors(all)) throw new CommandError('validation failed');
  terminal.out(`validation succeeded: ${resources.length} objects\n`);
}
