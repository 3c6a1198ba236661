// What Istio 0.1 configured Mixer by, kept in a store of today's objects: written as it came, and converted beside.
import { hasErrors, type Problem, type ResourceName } from '@meltemi/base';
import {
  type ConfigStore,
  decodeResource,
  type LocatedDocument,
  type LocatedResource,
  parseDocuments,
} from '@meltemi/config';
import { stringify } from 'yaml';

import { type AspectAdapter, readAdapters } from './aspect-adapters.ts';
import { type AspectSubject, type ConvertedObject, convertRules, subjectName } from './aspect-rules.ts';

/** Of each object: whose it is. */
const OF = 'mixer.meltemi.io/of';
/** Of the object that stands for a document: its text. */
const DOCUMENT = 'mixer.meltemi.io/document';

/** Lists that a whole scope has. */
export type ScopeList = 'adapters' | 'descriptors';

export class AspectError extends Error {
  readonly code = 'BAD_ASPECTS';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ message }) => message).join('; '));
    this.name = 'AspectError';
    this.problems = problems;
  }
}

export interface AspectStoreOptions {
  readonly store: ConfigStore;
  /** Its rules are for all requests. */
  readonly namespace: string;
  /** What is wrong with objects, whole policies of which they are part. */
  readonly check: (resources: readonly LocatedResource[]) => readonly Problem[];
}

/** Writes reject with AspectError for what makes no sense, and then change nothing. */
export class AspectStore {
  readonly #options: AspectStoreOptions;

  constructor(options: AspectStoreOptions) {
    this.#options = options;
  }

  /** Scopes of which anything is known. */
  get scopes(): readonly string[] {
    return [...new Set(this.#owned().map(({ metadata }) => metadata.annotations[OF]!.split(' ')[1]!))].sort();
  }

  /** Text, as it was written. */
  rules(of: AspectSubject): string | undefined {
    return this.#document(rulesOwner(of));
  }

  list(kind: ScopeList, scope: string): string | undefined {
    return this.#document(`${kind} ${scope}`);
  }

  async putRules(of: AspectSubject, text: string): Promise<void> {
    const objects = this.#converted(of, text, this.#adapters(of.scope));
    await this.#replace(rulesOwner(of), subjectName(of), text, objects);
  }

  /** False: there are none. */
  async deleteRules(of: AspectSubject): Promise<boolean> {
    const stale = this.#ownedBy(rulesOwner(of));
    for (const resource of rulesFirst(stale)) await this.#options.store.delete(nameOf(resource));
    return stale.length > 0;
  }

  /** Rules that name the adapters are converted again. */
  async putList(kind: ScopeList, scope: string, text: string): Promise<void> {
    const adapters = kind === 'adapters' ? read(text, 'adapters.yml', readAdapters).adapters : undefined;
    const again = adapters ? this.#rulesOf(scope) : [];
    const converted = again.map((each) => ({ ...each, objects: this.#converted(each.of, each.text, adapters!) }));
    await this.#replace(`${kind} ${scope}`, `${subjectName({ scope, subject: `/${kind}` })}-${kind}`, text, []);
    for (const each of converted)
      await this.#replace(rulesOwner(each.of), subjectName(each.of), each.text, each.objects);
  }

  #adapters(scope: string): readonly AspectAdapter[] {
    const text = this.list('adapters', scope);
    return text === undefined ? [] : read(text, 'adapters.yml', readAdapters).adapters;
  }

  #rulesOf(scope: string): readonly { readonly of: AspectSubject; readonly text: string }[] {
    return this.#owned().flatMap(({ metadata: { annotations } }) => {
      const [kind, owner, subject] = annotations[OF]!.split(' ');
      const text = annotations[DOCUMENT];
      return kind === 'rules' && owner === scope && text !== undefined
        ? [{ of: { scope, subject: subject! }, text }]
        : [];
    });
  }

  #converted(of: AspectSubject, text: string, adapters: readonly AspectAdapter[]): readonly LocatedResource[] {
    const { namespace, check } = this.#options;
    const world = { adapters, namespace };
    const { objects } = read(text, 'rules.yml', (document) => convertRules(document, of, world));
    const resources = objects.map((object) => this.#resource(object, { [OF]: rulesOwner(of) }));
    refuse(check(resources));
    return resources;
  }

  /** New objects first, then rules, and what is no longer said last: nothing is named that is not there. */
  async #replace(owner: string, name: string, text: string, objects: readonly LocatedResource[]): Promise<void> {
    const { store } = this.#options;
    const carrier = this.#resource({ kind: 'noop', name, spec: {} }, { [OF]: owner, [DOCUMENT]: text });
    const kept = [carrier, ...objects];
    const keys = new Set(kept.map((resource) => JSON.stringify(nameOf(resource))));
    const stale = this.#ownedBy(owner).filter((resource) => !keys.has(JSON.stringify(nameOf(resource))));
    for (const resource of kept) await store.apply(resource);
    for (const resource of rulesFirst(stale)) await store.delete(nameOf(resource));
  }

  #resource({ kind, name, spec }: ConvertedObject, annotations: Readonly<Record<string, string>>): LocatedResource {
    const metadata = { name, namespace: this.#options.namespace, annotations };
    const text = stringify({ apiVersion: 'config.istio.io/v1alpha2', kind, metadata, spec });
    const { resource, problems } = decodeResource(parseDocuments(text, `${kind} ${name}`).documents[0]!);
    refuse(problems);
    return resource!;
  }

  #document(owner: string): string | undefined {
    return this.#ownedBy(owner).find(({ metadata }) => DOCUMENT in metadata.annotations)?.metadata.annotations[
      DOCUMENT
    ];
  }

  #ownedBy(owner: string): readonly LocatedResource[] {
    return this.#owned().filter(({ metadata }) => metadata.annotations[OF] === owner);
  }

  #owned(): readonly LocatedResource[] {
    const kinds = ['noop', 'rule', ...CONVERTED] as const;
    const view = this.#options.store.view();
    return kinds
      .flatMap((kind) => view.objects(kind) as readonly LocatedResource[])
      .filter(({ metadata }) => OF in metadata.annotations);
  }
}

const CONVERTED = [
  'denier',
  'listchecker',
  'memquota',
  'redisquota',
  'stdio',
  'checknothing',
  'listentry',
  'quota',
  'logentry',
] as const;

function rulesOwner({ scope, subject }: AspectSubject): string {
  return `rules ${scope} ${subject}`;
}

function rulesFirst(resources: readonly LocatedResource[]): readonly LocatedResource[] {
  return [...resources].sort((a, b) => Number(b.kind === 'rule') - Number(a.kind === 'rule'));
}

function nameOf({ kind, metadata: { namespace, name } }: LocatedResource): ResourceName {
  return { kind, namespace, name };
}

/** One document of YAML or JSON. */
function read<Content extends { readonly problems: readonly Problem[] }>(
  text: string,
  file: string,
  convert: (document: LocatedDocument) => Content,
): Content {
  const { documents, problems } = parseDocuments(text, file);
  refuse(problems);
  if (documents.length !== 1)
    refuse([{ severity: 'error', code: 'MEL0005', message: `${file} holds no document, or several` }]);
  const content = convert(documents[0]!);
  refuse(content.problems);
  return content;
}

function refuse(problems: readonly Problem[]): void {
  if (hasErrors(problems)) throw new AspectError(problems.filter(({ severity }) => severity === 'error'));
}
