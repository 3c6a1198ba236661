// istioctl validate: what is wrong in files, without writing anything.
import type { Problem } from '@meltemi/base';
import { buildView } from '@meltemi/config';

import { filesBelow } from './files-below.ts';
import { formatExcerpt } from './problem-excerpt.ts';
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
  const files = await filesBelow(options.files);
  const { resources, problems, texts } = await readInputs(files, options.namespace, terminal);
  const all: readonly Problem[] = options.referential ? buildView(resources, problems).problems : problems;
  for (const problem of all) terminal.error(formatExcerpt(problem, texts));
  const errors = all.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) throw new CommandError(`validation failed: ${errors} ${errors === 1 ? 'error' : 'errors'}`);
  terminal.out(`validation succeeded: ${resources.length} objects\n`);
}
