// A directory of YAML files as a store: watched, written atomically, edited in place.
import { mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { resourceName } from '@meltemi/api';
import type { Clock, Logger, ResourceName } from '@meltemi/base';

import { createFile, removeFile, replaceFile } from './atomic-file.ts';
import { contentKey, ViewBuilder } from './build-view.ts';
import { editText } from './edit-text.ts';
import { withFileLock } from './file-lock.ts';
import { KINDS } from './kinds.ts';
import { lazyView, once } from './lazy-view.ts';
import { LastGoodFiles } from './last-good-files.ts';
import type { LocatedResource } from './located-resource.ts';
import { type FileContent, type FileContents, isRead, readAgain, readFiles } from './read-files.ts';
import { resourceToObject, resourceToYaml } from './resource-yaml.ts';
import { type ConfigStore, type StoreContents, StoreError, type Watch, type Written } from './store.ts';
import { missingError, refuseLocked, unreadableError } from './store-errors.ts';
import { duplicateProblem, uniqueResources } from './unique-resources.ts';
import type { ConfigView, KindName, ResourceByKind } from './view.ts';
import { watchDirectories } from './watch-directories.ts';

export interface DirectoryStoreOptions {
  /** Read in this order; new objects are written to the first, which is made when it is missing. */
  readonly directories: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** The DNS domain of services; `cluster.local` unless told. */
  readonly domain?: string;
  /** Folder in which the last good text of each file is kept over restarts; none: only in memory. */
  readonly lastGoodDirectory?: string;
  /** False: read when opened and after own writes, without watching for changes by others. */
  readonly watchFiles?: boolean;
}

/** Reads everything once before it is open. */
export class DirectoryStore implements ConfigStore {
  readonly #options: DirectoryStoreOptions;
  readonly #listeners = new Set<(view: ConfigView) => void>();
  #files: FileContents = new Map();
  readonly #views: ViewBuilder;
  #view: ConfigView;
  #watch: Watch | undefined;
  readonly #lastGood: LastGoodFiles | undefined;
  /** Reads and writes run one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  /** What the next refresh looks at; undefined: no refresh waits. */
  #awaited: { everything: boolean; readonly files: Set<string> } | undefined;
  #opened = false;
  #contents: () => StoreContents = () => ({ resources: [], problems: [] });

  private constructor(options: DirectoryStoreOptions) {
    this.#options = options;
    this.#views = new ViewBuilder(options.domain);
    this.#view = this.#views.build([], []);
    this.#lastGood = options.lastGoodDirectory === undefined ? undefined : new LastGoodFiles(options.lastGoodDirectory);
  }

  static async open(options: DirectoryStoreOptions): Promise<DirectoryStore> {
    const store = new DirectoryStore(options);
    await mkdir(options.directories[0]!, { recursive: true });
    // Watched before the first read, so that no change falls between the two.
    if (options.watchFiles !== false) {
      store.#watch = watchDirectories(options.directories, options.clock, (files) => store.#refreshSoon(files));
    }
    if (store.#lastGood) store.#files = await store.#lastGood.read();
    await store.#inTurn(() => store.#read());
    return store;
  }

  view(): ConfigView {
    return this.#view;
  }

  contents(): StoreContents {
    return this.#contents();
  }

  list<Kind extends KindName>(kind: Kind, namespace?: string): readonly ResourceByKind[Kind][] {
    const all = this.#view.objects(kind);
    return namespace === undefined ? all : all.filter(({ metadata }) => metadata.namespace === namespace);
  }

  get<Kind extends KindName>(kind: Kind, namespace: string, name: string): ResourceByKind[Kind] | undefined {
    return this.list(kind, namespace).find(({ metadata }) => metadata.name === name);
  }

  create(resource: LocatedResource): Promise<Written> {
    return this.#write(async () => {
      const existing = this.#find(resourceName(resource));
      if (existing) throw new StoreError('exists', duplicateProblem(existing, resource));
      await this.#createFile(resource);
      return this.#written(resource);
    });
  }

  replace(resource: LocatedResource): Promise<Written> {
    return this.#write(async () => {
      await this.#edit(resourceName(resource), resource);
      return this.#written(resource);
    });
  }

  apply(resource: LocatedResource): Promise<Written> {
    return this.#write(async () => {
      if (this.#find(resourceName(resource))) await this.#edit(resourceName(resource), resource);
      else await this.#createFile(resource);
      return this.#written(resource);
    });
  }

  delete(name: ResourceName): Promise<void> {
    return this.#write(() => this.#edit(name, undefined));
  }

  watch(listener: (view: ConfigView) => void): Watch {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  async close(): Promise<void> {
    this.#watch?.close();
    this.#listeners.clear();
    await this.#last;
  }

  /** `files`: those that may have changed; undefined: any. */
  async #refreshSoon(files: ReadonlySet<string> | undefined): Promise<void> {
    const concerned = [...(files ?? [])].filter((file) => isRead(basename(file)));
    if (files && concerned.length === 0) return;
    const waits = this.#awaited !== undefined;
    this.#awaited ??= { everything: false, files: new Set() };
    if (!files) this.#awaited.everything = true;
    for (const file of concerned) this.#awaited.files.add(file);
    if (waits) return;
    await this.#inTurn(() => {
      const { everything, files: changed } = this.#awaited!;
      this.#awaited = undefined;
      return this.#read(everything ? undefined : changed);
    }).catch((error: unknown) => this.#options.logger.error(`reading the configuration failed: ${String(error)}`));
  }

  /** `changed`: where nothing but these files may have changed. */
  async #read(changed?: ReadonlySet<string>): Promise<void> {
    const { directories } = this.#options;
    const files = (changed && (await readAgain(changed, this.#files))) ?? (await readFiles(directories, this.#files));
    const before = this.#files;
    const same =
      files.size === before.size && files.entries().every(([file, content]) => saysTheSame(before.get(file), content));
    this.#files = files;
    if (same && this.#opened) return;
    this.#opened = true;
    await this.#lastGood
      ?.keep(files)
      .catch((error: unknown) => this.#options.logger.error(`keeping the last good files failed: ${String(error)}`));
    const contents = once(() => contentsOf(files));
    this.#contents = contents;
    this.#view = lazyView(() => this.#views.build(contents().resources, contents().problems));
    for (const listener of this.#listeners) listener(this.#view);
  }

  /** Keeps other processes out, sees what they wrote, writes, and answers when the view holds it. */
  #write<Result>(step: () => Promise<Result>): Promise<Result> {
    const lock = join(this.#options.directories[0]!, '.lock');
    const readAround = async (): Promise<Result> => {
      await this.#read();
      try {
        return await step();
      } finally {
        await this.#read();
      }
    };
    return this.#inTurn(() => withFileLock(lock, this.#options.clock, readAround).catch(refuseLocked));
  }

  #inTurn<Result>(step: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(step, step);
    this.#last = turn.catch(() => {});
    return turn;
  }

  #find(name: ResourceName): LocatedResource | undefined {
    return this.#view
      .objects(name.kind as KindName)
      .find(({ metadata }) => metadata.namespace === name.namespace && metadata.name === name.name);
  }

  #written(resource: LocatedResource): Written {
    return { name: resourceName(resource), revision: resource.metadata.resourceVersion };
  }

  /** A file of its own. One of that name with something else in it is left alone. */
  async #createFile(resource: LocatedResource): Promise<void> {
    const { name, namespace } = resource.metadata;
    const type = KINDS.find(({ kind }) => kind === resource.kind)!.type;
    const stem = join(this.#options.directories[0]!, `${type}-${name}${namespace && `.${namespace}`}`);
    const creationTimestamp = new Date(this.#options.clock.now()).toISOString();
    const text = resourceToYaml({ ...resource, metadata: { ...resource.metadata, creationTimestamp } });
    for (let number = 1; ; number++) {
      if (await createFile(`${stem}${number > 1 ? `-${number}` : ''}.yaml`, text)) return;
      await this.#read();
      const existing = this.#find(resourceName(resource));
      if (existing) throw new StoreError('exists', duplicateProblem(existing, resource));
    }
  }

  async #edit(name: ResourceName, resource: LocatedResource | undefined): Promise<void> {
    const existing = this.#find(name);
    if (!existing) throw missingError(name, resource);
    const { file } = existing.source;
    const { creationTimestamp } = existing.metadata;
    const value = resource && resourceToObject({ ...resource, metadata: { ...resource.metadata, creationTimestamp } });
    const text = editText(await readFile(file, 'utf8'), name, value);
    if (text === undefined) throw unreadableError(name, file);
    await (text.trim() === '' ? removeFile(file) : replaceFile(file, text));
  }
}

function contentsOf(files: FileContents): StoreContents {
  const contents = [...files.values()];
  const unique = uniqueResources(contents.flatMap(({ resources }) => resources));
  return {
    resources: unique.resources,
    problems: [...contents.flatMap(({ problems }) => problems), ...unique.problems],
  };
}

function saysTheSame(before: FileContent | undefined, now: FileContent): boolean {
  if (before === now) return true;
  if (!before) return false;
  if (before.hash === now.hash && now.hash !== '') return true;
  const said = ({ resources, problems }: FileContent) => JSON.stringify([resources.map(contentKey), problems]);
  return said(before) === said(now);
}
