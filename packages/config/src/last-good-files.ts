// Keeps the last text of each file that had no mistake, so that a process that starts while one is broken has what was good.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';

import { replaceFile } from './atomic-file.ts';
import { decodeContent, type FileContent, type FileContents } from './read-files.ts';

/** What is written of a file: its path, because a name in the folder says nothing, and its text. */
interface KeptFile {
  readonly file: string;
  readonly text: string;
}

/** Only its owner may read it: configuration may hold what others must not see. */
const FOLDER_MODE = 0o700;

export class LastGoodFiles {
  readonly #folder: string;
  /** Hash of the text that is kept, by file. */
  readonly #kept = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The contents to start from. A copy that can't be read is passed over: it is a help, and no source. */
  async read(): Promise<FileContents> {
    await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
    const contents = new Map<string, FileContent>();
    for (const name of await readdir(this.#folder)) {
      const kept = await this.#readOne(name);
      if (!kept) continue;
      const content = decodeContent(kept.file, '', kept.text, undefined);
      contents.set(kept.file, content);
      this.#kept.set(kept.file, content.hash);
    }
    return contents;
  }

  /** Takes over what is good now, and drops files that are gone. */
  async keep(files: FileContents): Promise<void> {
    for (const content of files.values()) {
      const { file, hash, text } = content;
      if (text === undefined || this.#kept.get(file) === hash || isBroken(content)) continue;
      await replaceFile(this.#path(file), JSON.stringify({ file, text } satisfies KeptFile));
      this.#kept.set(file, hash);
    }
    for (const file of this.#kept.keys()) if (!files.has(file)) await this.#drop(file);
  }

  async #drop(file: string): Promise<void> {
    this.#kept.delete(file);
    await unlink(this.#path(file));
  }

  async #readOne(name: string): Promise<KeptFile | undefined> {
    try {
      const kept = JSON.parse(await readFile(join(this.#folder, name), 'utf8')) as Partial<KeptFile>;
      return typeof kept.file === 'string' && typeof kept.text === 'string' ? (kept as KeptFile) : undefined;
    } catch {
      return undefined;
    }
  }

  #path(file: string): string {
    return join(this.#folder, `${createHash('sha256').update(file).digest('hex').slice(0, 24)}.json`);
  }
}

function isBroken({ problems }: FileContent): boolean {
  return problems.some(({ severity }) => severity === 'error');
}
