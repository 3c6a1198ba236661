// istioctl delete: objects by type and name, or those that files name.
import { resourceName } from '@meltemi/api';
import { formatProblem, formatResourceName, hasErrors, type ResourceName } from '@meltemi/base';

import { findResource, keyOfName, requireKind } from './find-resource.ts';
import { openStore } from './open-store.ts';
import { readInputs } from './read-inputs.ts';
import { CommandError, EXIT, type Terminal } from './terminal.ts';

export interface DeleteOptions {
  readonly words: readonly string[];
  readonly files: readonly string[];
  readonly namespace: string;
  readonly configDir: string;
}

export async function deleteConfig(options: DeleteOptions, terminal: Terminal): Promise<void> {
  const names = await namesOf(options, terminal);
  const store = await openStore(options.configDir, terminal);
  try {
    const missing = names.filter((name) => !findResource(store.view(), name));
    if (missing.length > 0) {
      const list = missing.map((name) => `${formatResourceName(name)} does not exist`);
      throw new CommandError([...list, 'nothing was changed'].join('\n'));
    }
    for (const name of names) {
      await store.delete(name);
      terminal.out(`Deleted config: ${keyOfName(name)}\n`);
    }
  } finally {
    await store.close();
  }
}

async function namesOf(options: DeleteOptions, terminal: Terminal): Promise<readonly ResourceName[]> {
  const { words, files, namespace } = options;
  if (words.length > 0 && files.length > 0) throw new CommandError('give names or -f, not both', EXIT.usage);
  if (files.length > 0) return namesInFiles(files, namespace, terminal);
  const [type, ...names] = words;
  if (type === undefined || names.length === 0) {
    throw new CommandError('give a type and names, or files with -f', EXIT.usage);
  }
  const { kind, clusterScoped } = requireKind(type);
  return names.map((name) => ({ kind, namespace: clusterScoped ? '' : namespace, name }));
}

/** What is wrong inside of an object doesn't matter here: only its name does. */
async function namesInFiles(
  files: readonly string[],
  namespace: string,
  terminal: Terminal,
): Promise<readonly ResourceName[]> {
  const { resources, problems } = await readInputs(files, namespace, terminal);
  const unnamed = problems.filter(({ resource }) => resource === undefined);
  for (const problem of unnamed) terminal.error(`${formatProblem(problem)}\n`);
  if (hasErrors(unnamed)) throw new CommandError('nothing was changed');
  const broken = problems.flatMap(({ resource }) => (resource?.name ? [resource] : []));
  const names = [...resources.map((resource) => resourceName(resource)), ...broken];
  return [...new Map(names.map((name) => [keyOfName(name), name])).values()];
}
