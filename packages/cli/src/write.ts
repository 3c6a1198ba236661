// istioctl create, replace and apply: objects from files into the store, all or none.
import { resourceName } from '@meltemi/api';
import { formatProblem, formatResourceName, type Problem } from '@meltemi/base';
import { type ConfigStore, duplicateProblem, type LocatedResource, validateSet, type Written } from '@meltemi/config';

import { findResource, resourceKey } from './find-resource.ts';
import { openStore } from './open-store.ts';
import { readGoodInputs } from './read-inputs.ts';
import { CommandError, type Terminal } from './terminal.ts';

export type WriteVerb = 'create' | 'replace' | 'apply';

export interface WriteOptions {
  readonly files: readonly string[];
  readonly namespace: string;
  readonly configDir: string;
}

export async function write(verb: WriteVerb, options: WriteOptions, terminal: Terminal): Promise<void> {
  const files = options.files.length > 0 ? options.files : ['-'];
  const resources = await readGoodInputs(files, options.namespace, terminal);
  const store = await openStore(options.configDir, terminal);
  try {
    refuseAll(
      resources.flatMap((resource) => refusal(verb, resource, store)),
      terminal,
    );
    for (const resource of resources) terminal.out(await writeOne(verb, resource, store));
    for (const warning of warningsOf(resources, store)) terminal.error(`${formatProblem(warning)}\n`);
  } finally {
    await store.close();
  }
}

function refuseAll(problems: readonly Problem[], terminal: Terminal): void {
  for (const problem of problems) terminal.error(`${formatProblem(problem)}\n`);
  if (problems.length > 0) throw new CommandError('nothing was changed');
}

function refusal(verb: WriteVerb, resource: LocatedResource, store: ConfigStore): readonly Problem[] {
  const existing = findResource(store.view(), resourceName(resource));
  if (verb === 'create' && existing) return [{ ...duplicateProblem(existing, resource), hint: 'use replace or apply' }];
  if (verb === 'replace' && !existing) return [missing(resource)];
  return [];
}

function missing(resource: LocatedResource): Problem {
  const name = resourceName(resource);
  return {
    severity: 'error',
    code: 'IST0101',
    message: `${formatResourceName(name)} does not exist`,
    hint: 'use create or apply',
    resource: name,
    path: 'metadata.name',
    source: resource.origin('metadata.name').source,
  };
}

async function writeOne(verb: WriteVerb, resource: LocatedResource, store: ConfigStore): Promise<string> {
  const existed = findResource(store.view(), resourceName(resource)) !== undefined;
  const { revision }: Written = await store[verb](resource);
  const key = resourceKey(resource);
  return existed
    ? `Updated config ${key} to revision ${revision}\n`
    : `Created config ${key} at revision ${revision}\n`;
}

/** Warnings lead to the file that the user named, not to the copy in the store. */
function warningsOf(resources: readonly LocatedResource[], store: ConfigStore): readonly Problem[] {
  return validateSet(resources, store.view()).map((problem) => {
    const written = resources.find(
      ({ kind, metadata }) =>
        kind === problem.resource?.kind &&
        metadata.name === problem.resource.name &&
        metadata.namespace === problem.resource.namespace,
    );
    return written ? { ...problem, source: written.origin(problem.path).source } : problem;
  });
}
