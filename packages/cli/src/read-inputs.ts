// `-f` flags → resources: files, directories and `-` for standard input.
import { readFile, stat } from 'node:fs/promises';

import { formatProblem, hasErrors, type Problem } from '@meltemi/base';
import { decodeResource, duplicateProblem, listFiles, type LocatedResource, parseDocuments } from '@meltemi/config';

import { CommandError, EXIT, type Terminal } from './terminal.ts';

export interface Inputs {
  readonly resources: readonly LocatedResource[];
  readonly problems: readonly Problem[];
  /** What was written, refused or not, with what is wrong in its form. */
  readonly documents: readonly ReadDocument[];
  /** By file. */
  readonly texts: ReadonlyMap<string, string>;
}

export interface ReadDocument {
  readonly value: unknown;
  readonly problems: readonly Problem[];
}

/** Reads everything that is named; what is wrong in it is among the problems, also what is there twice. */
export async function readInputs(files: readonly string[], namespace: string, terminal: Terminal): Promise<Inputs> {
  const inputs = await readObjects(files, namespace, terminal);
  return { ...inputs, problems: [...inputs.problems, ...saidTwice(inputs.resources)] };
}

/** As `readInputs`, where objects may be there twice. */
export async function readObjects(files: readonly string[], namespace: string, terminal: Terminal): Promise<Inputs> {
  const texts = await Promise.all(files.map((file) => readTexts(file, terminal)));
  const problems: Problem[] = [];
  const resources: LocatedResource[] = [];
  const documents: ReadDocument[] = [];
  const named = texts.flat();
  for (const { file, text } of named) {
    const parsed = parseDocuments(text, file);
    problems.push(...parsed.problems);
    for (const document of parsed.documents) {
      const decoded = decodeResource(document, namespace);
      problems.push(...decoded.problems);
      documents.push({ value: document.value, problems: decoded.problems });
      if (decoded.resource) resources.push(decoded.resource);
    }
  }
  return { resources, problems, documents, texts: new Map(named.map(({ file, text }) => [file, text])) };
}

/** Refuses the whole invocation for one error, before anything is written; shows warnings. */
export async function readGoodInputs(
  files: readonly string[],
  namespace: string,
  terminal: Terminal,
): Promise<readonly LocatedResource[]> {
  const { resources, problems } = await readInputs(files, namespace, terminal);
  for (const problem of problems) terminal.error(`${formatProblem(problem)}\n`);
  if (hasErrors(problems)) throw new CommandError('nothing was changed');
  if (resources.length === 0) throw new CommandError('there is no object of the mesh in the input');
  return resources;
}

interface NamedText {
  readonly file: string;
  readonly text: string;
}

/** Of a directory each file's. */
export async function readTexts(file: string, terminal: Terminal): Promise<readonly NamedText[]> {
  if (file === '-') return [{ file: '<stdin>', text: await terminal.readStdin() }];
  try {
    const names = (await stat(file)).isDirectory() ? await listFiles(file) : [file];
    if (names.length === 0) throw new CommandError(`${file}: there is no YAML file in this directory`);
    return await Promise.all(names.map(async (name) => ({ file: name, text: await readFile(name, 'utf8') })));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandError(code === 'ENOENT' ? `${file}: no such file` : message, EXIT.failed, { cause: error });
  }
}

function saidTwice(resources: readonly LocatedResource[]): readonly Problem[] {
  const first = new Map<string, LocatedResource>();
  return resources.flatMap((resource) => {
    const key = `${resource.kind}/${resource.metadata.namespace}/${resource.metadata.name}`;
    const known = first.get(key);
    if (known) return [duplicateProblem(known, resource)];
    first.set(key, resource);
    return [];
  });
}
