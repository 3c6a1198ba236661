// The objects of one kind that an API server has, decoded; what was last good of each stays.
import type { Problem, Source } from '@meltemi/base';

import { decodeResource } from '../decode-resource.ts';
import type { LocatedDocument } from '../document.ts';
import type { LocatedResource } from '../located-resource.ts';
import type { ServedKind } from './collection-path.ts';
import { type KubeObject, objectKey } from './kube-object.ts';
import type { ReflectorTarget } from './reflector.ts';
import { type ReportedStatus, reportedStatus } from './resource-status.ts';
import { usedFields } from './used-fields.ts';

/** One object as it is known. */
export interface KubeItem {
  readonly key: string;
  /** Undefined where it was never good. */
  readonly resource: LocatedResource | undefined;
  readonly problems: readonly Problem[];
  readonly uid: string;
  readonly generation: number;
  /** What its status says of it. */
  readonly reported: ReportedStatus | undefined;
}

/** Tells of a change where an object says something else than before, to those who read it. */
export class KubeCollection implements ReflectorTarget<KubeItem> {
  readonly served: ServedKind;
  readonly #changed: () => void;
  #items = new Map<string, KubeItem>();

  constructor(served: ServedKind, changed: () => void) {
    this.served = served;
    this.#changed = changed;
  }

  get items(): ReadonlyMap<string, KubeItem> {
    return this.#items;
  }

  replace(items: readonly KubeItem[]): void {
    const before = this.#items;
    this.#items = new Map(items.map((item) => [item.key, merged(before.get(item.key), item)]));
    const same = before.size === this.#items.size && items.every(({ key }) => this.#says(key, before.get(key)));
    if (!same) this.#changed();
  }

  put(item: KubeItem): void {
    const before = this.#items.get(item.key);
    this.#items.set(item.key, merged(before, item));
    if (!this.#says(item.key, before)) this.#changed();
  }

  remove({ key }: KubeItem): void {
    if (this.#items.delete(key)) this.#changed();
  }

  #says(key: string, before: KubeItem | undefined): boolean {
    const now = this.#items.get(key);
    return now?.resource === before?.resource && now?.problems === before?.problems;
  }
}

/** Decodes what is used of an object. */
export function kubeItem(served: ServedKind, object: KubeObject): KubeItem {
  const { uid = '', generation = 0 } = object.metadata;
  const decoded = decodeResource(documentOf(served, object));
  return {
    key: objectKey(object),
    resource: decoded.resource,
    problems: decoded.problems.length > 0 ? decoded.problems : NO_PROBLEMS,
    uid,
    generation,
    reported: served.kind.ours ? reportedStatus(object['status']) : undefined,
  };
}

const NO_PROBLEMS: readonly Problem[] = [];

/** What says the same is the same object; a new object of the same name owes nothing to the old one. */
function merged(before: KubeItem | undefined, now: KubeItem): KubeItem {
  if (!before || before.uid !== now.uid) return now;
  const problems = sameProblems(before.problems, now.problems) ? before.problems : now.problems;
  const kept = now.resource === undefined || sameContent(before.resource, now.resource);
  return { ...now, problems, resource: kept ? before.resource : now.resource };
}

function sameContent(before: LocatedResource | undefined, now: LocatedResource): boolean {
  return (
    before?.metadata.resourceVersion === now.metadata.resourceVersion &&
    before.metadata.creationTimestamp === now.metadata.creationTimestamp &&
    before.apiVersion === now.apiVersion
  );
}

function sameProblems(before: readonly Problem[], now: readonly Problem[]): boolean {
  return before === now || JSON.stringify(before) === JSON.stringify(now);
}

/** An object of a server has no lines: its place is its name. */
function documentOf({ kind, apiVersion }: ServedKind, object: KubeObject): LocatedDocument {
  const file = `kubernetes/${kind.plural}/${objectKey(object).replace(/^\//, '')}`;
  const source: Source = { file, line: 1, column: 1 };
  const here = () => source;
  return { value: usedFields(kind, apiVersion, object), source, locate: here, locateKey: here };
}
