// Directories → the objects in their YAML files. Files that did not change aren't read again, and what was good stays.
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Problem } from '@meltemi/base';

import { decodeResource } from './decode-resource.ts';
import { parseDocuments } from './document.ts';
import type { LocatedResource } from './located-resource.ts';
import { CODE } from './problem-code.ts';

/** What one file held when it was last read. */
export interface FileContent {
  readonly file: string;
  /** Tells by the directory entry alone that a file is the same; `hash` tells by its content. */
  readonly stamp: string;
  readonly hash: string;
  /** Undefined where the file could not be read. */
  readonly text: string | undefined;
  readonly resources: readonly LocatedResource[];
  readonly problems: readonly Problem[];
}

export type FileContents = ReadonlyMap<string, FileContent>;

/** Reads what changed since `before`. A directory that is not there is empty. */
export async function readFiles(directories: readonly string[], before: FileContents): Promise<FileContents> {
  const contents = new Map<string, FileContent>();
  for (const directory of directories) {
    for (const file of await listFiles(directory)) {
      const content = await readContent(file, before.get(file));
      if (content) contents.set(file, content);
    }
  }
  return contents;
}

/**
 * The YAML and JSON files of a directory, by name. Directories in it aren't entered, as `kubectl apply -f DIR` doesn't;
 * names with a leading dot are skipped (drafts, locks).
 */
export async function listFiles(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(noneIfMissing);
  return entries
    .filter((entry) => !entry.isDirectory() && /^[^.].*\.(ya?ml|json)$/.test(entry.name))
    .map(({ name }) => join(directory, name))
    .toSorted();
}

function noneIfMissing(error: NodeJS.ErrnoException): never[] {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
  throw error;
}

async function readContent(file: string, before: FileContent | undefined): Promise<FileContent | undefined> {
  try {
    const { mtimeMs, size, ino } = await stat(file);
    const stamp = `${mtimeMs}/${size}/${ino}`;
    if (before?.stamp === stamp) return before;
    return decodeContent(file, stamp, await readFile(file, 'utf8'), before);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    const source = { file, line: 1, column: 1 };
    const problem: Problem = { severity: 'error', code: CODE.unreadable, message, source };
    return { file, stamp: '', hash: '', text: undefined, resources: before?.resources ?? [], problems: [problem] };
  }
}

/** `before`: what the file held when it was good; of it stays what is broken now. */
export function decodeContent(file: string, stamp: string, text: string, before: FileContent | undefined): FileContent {
  const hash = createHash('sha256').update(text).digest('hex');
  if (before?.hash === hash) return { ...before, stamp };
  const parsed = parseDocuments(text, file);
  const decoded = parsed.documents.map((document) => decodeResource(document));
  const problems = [...parsed.problems, ...decoded.flatMap((result) => result.problems)];
  const read = decoded.flatMap(({ resource }) => resource ?? []);
  const kept = before ? lastGood(before.resources, read, problems) : [];
  return { file, stamp, hash, text, resources: [...read, ...kept], problems };
}

/** What was good and is broken now. Where the text can't be read, nobody can say which objects are gone: all stay. */
function lastGood(
  before: readonly LocatedResource[],
  read: readonly LocatedResource[],
  problems: readonly Problem[],
): readonly LocatedResource[] {
  const now = new Set(read.map(keyOf));
  const unnamed = problems.some(({ severity, resource }) => severity === 'error' && resource === undefined);
  const refused = new Set(
    problems.flatMap(({ severity, resource }) =>
      severity === 'error' && resource ? [`${resource.kind}/${resource.namespace}/${resource.name}`] : [],
    ),
  );
  return before.filter((resource) => !now.has(keyOf(resource)) && (unnamed || refused.has(keyOf(resource))));
}

export function keyOf({ kind, metadata }: LocatedResource): string {
  return `${kind}/${metadata.namespace}/${metadata.name}`;
}
