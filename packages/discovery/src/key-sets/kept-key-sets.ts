// Keeps the key sets of token issuers over restarts: a control plane that starts while an issuer is away has what was good.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@meltemi/config';
import { parseKeySet } from './parse-key-set.ts';

/** As it was fetched. */
export interface KeptKeySet {
  readonly keys: string;
  /** Milliseconds since the epoch. */
  readonly fetchedAt: number;
}

interface KeptFile extends KeptKeySet {
  readonly source: string;
}

const FOLDER_MODE = 0o700;

export class KeptKeySets {
  readonly #directory: string;
  readonly #found: ReadonlyMap<string, KeptKeySet>;

  private constructor(directory: string, found: ReadonlyMap<string, KeptKeySet>) {
    this.#directory = directory;
    this.#found = found;
  }

  /** A file that can't be read is passed over; one that is older than `oldest` (since the epoch), or of the future, goes. */
  static async open(directory: string, times: { readonly oldest: number; readonly now: number }): Promise<KeptKeySets> {
    await mkdir(directory, { recursive: true, mode: FOLDER_MODE });
    const found = new Map<string, KeptKeySet>();
    for (const name of await readdir(directory)) {
      const path = join(directory, name);
      const kept = await readKept(path);
      if (kept && kept.fetchedAt >= times.oldest && kept.fetchedAt <= times.now) found.set(kept.source, kept);
      else await rm(path, { force: true, recursive: true });
    }
    return new KeptKeySets(directory, found);
  }

  /** What the last process left; `source` as `sourceKey` names it. */
  get(source: string): KeptKeySet | undefined {
    return this.#found.get(source);
  }

  async keep(source: string, { keys, fetchedAt }: KeptKeySet): Promise<void> {
    const name = `${createHash('sha256').update(source).digest('hex').slice(0, 24)}.json`;
    await replaceFile(join(this.#directory, name), JSON.stringify({ source, keys, fetchedAt } satisfies KeptFile));
  }
}

async function readKept(path: string): Promise<KeptFile | undefined> {
  try {
    const { source, keys, fetchedAt } = JSON.parse(await readFile(path, 'utf8')) as Partial<KeptFile>;
    if (typeof source !== 'string' || typeof keys !== 'string' || !Number.isFinite(fetchedAt)) return undefined;
    return { source, keys: parseKeySet(keys), fetchedAt: fetchedAt! };
  } catch {
    return undefined;
  }
}
