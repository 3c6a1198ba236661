// A directory of envoyproxy/ratelimit's YAML → the limits that hold now. A file that goes bad is served as it last was good.
import { readFile } from 'node:fs/promises';

import { type Clock, formatProblem, type Logger } from '@meltemi/base';
import { listFiles, parseDocuments, type Watch, watchDirectories } from '@meltemi/config';

import type { LimitTrees } from './rate-limit-tree.ts';
import { type DomainLimits, readDomain } from './read-limit-tree.ts';

interface LimitFile {
  readonly text: string;
  /** As it last was good. */
  readonly domains: readonly DomainLimits[];
}

export class LimitFiles {
  readonly #directory: string;
  readonly #logger: Logger;
  #files: ReadonlyMap<string, LimitFile> = new Map();
  #trees: LimitTrees = new Map();
  #watch: Watch | undefined;

  private constructor(directory: string, logger: Logger) {
    this.#directory = directory;
    this.#logger = logger;
  }

  static async open(directory: string, clock: Clock, logger: Logger): Promise<LimitFiles> {
    const files = new LimitFiles(directory, logger);
    files.#watch = watchDirectories([directory], clock, () => files.#read());
    await files.#read();
    return files;
  }

  /** By domain. */
  get trees(): LimitTrees {
    return this.#trees;
  }

  close(): void {
    this.#watch?.close();
  }

  async #read(): Promise<void> {
    const paths = await listFiles(this.#directory);
    const read = await Promise.all(paths.map(async (path) => [path, await this.#readOne(path)] as const));
    this.#files = new Map(read.flatMap(([path, file]) => (file ? [[path, file] as const] : [])));
    const domains = [...this.#files.values()].flatMap((file) => file.domains);
    this.#trees = new Map(domains.map(({ domain, tree }) => [domain, tree]));
  }

  /** Undefined: it is gone. */
  async #readOne(path: string): Promise<LimitFile | undefined> {
    const before = this.#files.get(path);
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined || text === before?.text) return text === undefined ? undefined : before;
    const { documents, problems } = parseDocuments(text, path);
    const domains = documents.map(readDomain);
    const wrong = [...problems, ...domains.flatMap((domain) => domain.problems)];
    for (const problem of wrong) this.#logger.warn(formatProblem(problem));
    return { text, domains: wrong.length > 0 ? (before?.domains ?? []) : domains };
  }
}
