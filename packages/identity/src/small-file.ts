// Reads and writes small secret files so that a reader sees the old text or the new, whole.
import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';

const PRIVATE = 0o600;

export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Never over another's: written aside, then linked. Returns what is there in the end. */
export async function writeOnce(path: string, text: string): Promise<string> {
  await writeAside(path, text, (aside) => link(aside, path).catch(ignoreExisting));
  return readFile(path, 'utf8');
}

/** In the place of what is there, if anything. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await writeAside(path, text, (aside) => rename(aside, path));
}

async function writeAside(path: string, text: string, settle: (aside: string) => Promise<void>): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  const file = await open(aside, 'wx', PRIVATE);
  try {
    await file.writeFile(text);
    await file.sync();
    await settle(aside);
  } finally {
    await file.close();
    await rm(aside, { force: true });
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
