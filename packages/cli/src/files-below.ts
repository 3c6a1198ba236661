// Files, and directories with all that is in them → the names of files.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { isRead } from '@meltemi/config';

/** Names that are no directory's come back as they are: who reads them says what is wrong with them. */
export async function filesBelow(names: readonly string[]): Promise<readonly string[]> {
  const all = await Promise.all(names.map(async (name) => ((await isDirectory(name)) ? below(name) : [name])));
  return all.flat();
}

async function isDirectory(name: string): Promise<boolean> {
  return name !== '-' && (await stat(name).catch(() => undefined))?.isDirectory() === true;
}

async function below(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && isRead(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted();
}
