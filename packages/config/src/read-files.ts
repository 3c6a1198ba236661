// Directories → the objects in their YAML files. Files that did not change aren't read again, and what was good stays.
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
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

/**
 * Reads these files again, and no other. Undefined where one has come or gone since `before`: only a look at the whole
 * directory tells its place among the others.
 */
export async function readAgain(paths: ReadonlySet<string>, before: FileContents): Promise<FileContents | undefined> {
  const contents = new Map(before);
  for (const path of paths) {
    const known = before.get(path);
    const content = known && (await readContent(path, known));
    if (!content) return undefined;
    contents.set(path, content);
  }
  return contents;
}

/** The names of files that are read. */
export function isRead(name: string): boolean {
  return /^[^.].*\.(ya?ml|json)$/.test(name);
}

/** Reads what changed since `before`. A directory that is not there is empty. */
export async function readFiles(directories: readonly string[], before: FileContents): Promise<FileContents> {
  const contents = new Map<string, FileContent>();
  for (const directory of directories) {
    for (const file of await listFiles(directory)) {
      const known = before.get(file);
      const content = known && known.stamp === stampOf(file) ? known : await readContent(file, known);
      if (content) contents.set(file, content);
    }
  }
  return contents;
}

/** Thousands of files are looked at again and again: one that did not change costs microseconds so. */
function stampOf(file: string): string | undefined {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats && `${stats.mtimeMs}/${stats.size}/${stats.ino}`;
}

/**
 * The YAML and JSON files of a directory, by name. Directories in it aren't entered, as `kubectl apply -f DIR` doesn't;
 * names with a leading dot are skipped (drafts, locks).
 */
export async function listFiles(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(noneIfMissing);
  return entries
    .filter((entry) => !entry.isDirectory() && isRead(entry.name))
    .map(({ name }) => join(directory, name))
    .toSorted();
}

function noneIfMissing(error: NodeJS.ErrnoException): never[] {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
  throw error;
}

async function readContent(file: string, before: FileContent | undefined): Promise<FileContent | undefined> {
  try {
    const stamp = stampOf(file);
    if (stamp === undefined) return undefined;
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

/** What was good and is broken now. Where a name can't be read, nobody can say which objects are gone: all stay. */
function lastGood(
  before: readonly LocatedResource[],
  read: readonly LocatedResource[],
  problems: readonly Problem[],
): readonly LocatedResource[] {
  const now = new Set(read.map(keyOf));
  const unnamed = problems.some(isAboutSomeObject);
  const refused = new Set(
    problems.flatMap(({ severity, resource }) =>
      severity === 'error' && resource ? [`${resource.kind}/${resource.namespace}/${resource.name}`] : [],
    ),
  );
  return before.filter((resource) => !now.has(keyOf(resource)) && (unnamed || refused.has(keyOf(resource))));
}

/** An error about an object whose name can't be read, or is none. */
function isAboutSomeObject({ severity, resource, path }: Problem): boolean {
  return severity === 'error' && (!resource?.name || path === 'metadata.name' || path === 'metadata.namespace');
}

const keys = new WeakMap<LocatedResource, string>();

export function keyOf(resource: LocatedResource): string {
  const known = keys.get(resource);
  if (known !== undefined) return known;
  const { kind, metadata } = resource;
  const key = `${kind}/${metadata.namespace}/${metadata.name}`;
  keys.set(resource, key);
  return key;
}
