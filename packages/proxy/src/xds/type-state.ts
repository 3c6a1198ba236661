// What is wanted and what is held of one resource type: applies changes to those who asked, and keeps what they accepted.
import type { Any } from '@bufbuild/protobuf/wkt';
import type { XdsType } from '@meltemi/api';
import type { DecodedResource, XdsMessage } from './decode-resource.ts';
import type {
  Rejection,
  ResourceWatcher,
  WildcardSink,
  XdsFailure,
  XdsResourceState,
  XdsTypeState,
} from './xds-client.ts';

/** A resource that was received: what serves, and why the latest one doesn't. */
interface Held {
  accepted: DecodedResource | undefined;
  lastUpdatedMs: number;
  failure: XdsFailure | undefined;
}

type AnyWatcher = ResourceWatcher<XdsMessage>;

/** Outlives the streams: a new one begins with what is here. */
export class TypeState implements XdsTypeState {
  readonly type: XdsType;
  version = '';
  error: string | undefined;
  readonly #now: () => number;
  readonly #held = new Map<string, Held>();
  readonly #watchers = new Map<string, Set<AnyWatcher>>();
  #sink: WildcardSink<XdsMessage> | undefined;
  #begun = false;

  constructor(type: XdsType, now: () => number) {
    this.type = type;
    this.#now = now;
  }

  get wildcard(): boolean {
    return this.#sink !== undefined;
  }

  /** Something is wanted of this type. */
  get wanted(): boolean {
    return this.wildcard || this.#watchers.size > 0;
  }

  /** The names that are watched; none for a wildcard. */
  names(): readonly string[] {
    return [...this.#watchers.keys()];
  }

  get resources(): ReadonlyMap<string, XdsResourceState> {
    return new Map([...this.#held].map(([name, held]) => [name, resourceState(name, held)]));
  }

  /** Versions of what was accepted, by name: where a delta stream goes on. */
  acceptedVersions(): Record<string, string> {
    const accepted = [...this.#held].filter(([, held]) => held.accepted !== undefined);
    return Object.fromEntries(accepted.map(([name, held]) => [name, held.accepted!.version]));
  }

  attach(sink: WildcardSink<XdsMessage> | undefined): void {
    this.#sink = sink;
    this.#begun = false;
    if (!sink) this.#held.clear();
  }

  /** Delivers what is held already. */
  addWatcher(name: string, watcher: AnyWatcher): void {
    const watchers = this.#watchers.get(name) ?? new Set();
    this.#watchers.set(name, watchers.add(watcher));
    const accepted = this.#held.get(name)?.accepted;
    if (accepted) deliver(watcher, accepted);
  }

  /** A resource that nobody watches is forgotten. */
  removeWatcher(name: string, watcher: AnyWatcher): void {
    const watchers = this.#watchers.get(name);
    watchers?.delete(watcher);
    if (watchers?.size !== 0) return;
    this.#watchers.delete(name);
    this.#held.delete(name);
  }

  /** All names that a wildcard response doesn't have any more. */
  missingFrom(names: ReadonlySet<string>): readonly string[] {
    return this.wildcard ? [...this.#held.keys()].filter((name) => !names.has(name)) : [];
  }

  /** Hands the changes on. Returns what was refused; the rest serves from now on. */
  apply(received: readonly DecodedResource[], removed: readonly string[], version: string): readonly Rejection[] {
    const changed = received.filter((resource) => this.#differs(resource));
    const refused = this.#sink
      ? this.#applyAll(this.#sink, changed, removed, version)
      : this.#applyEach(changed, removed);
    this.#record(received, refused);
    const kept = new Set(refused.map(({ name }) => name));
    for (const name of removed) if (!kept.has(name)) this.#held.delete(name);
    return refused;
  }

  #differs(resource: DecodedResource): boolean {
    const accepted = this.#held.get(resource.name)?.accepted;
    return !accepted || !sameBytes(accepted.any, resource.any);
  }

  #applyAll(
    sink: WildcardSink<XdsMessage>,
    changed: readonly DecodedResource[],
    removed: readonly string[],
    version: string,
  ): readonly Rejection[] {
    if (changed.length === 0 && removed.length === 0 && this.#begun) return [];
    this.#begun = true;
    try {
      return sink.update(new Map(changed.map(({ name, message }) => [name, message])), removed, version);
    } catch (error) {
      const names = [...changed.map(({ name }) => name), ...removed];
      return names.map((name) => ({ name, message: messageOf(error) }));
    }
  }

  #applyEach(changed: readonly DecodedResource[], removed: readonly string[]): readonly Rejection[] {
    const refused = changed.flatMap((resource) => this.#deliverAll(resource) ?? []);
    for (const name of removed) for (const watcher of this.#watchersOf(name)) watcher.onMissing?.();
    return refused;
  }

  #deliverAll(resource: DecodedResource): Rejection | undefined {
    const answers = this.#watchersOf(resource.name).map((watcher) => deliver(watcher, resource));
    return answers.find((answer) => answer !== undefined);
  }

  /** A copy: a watcher may close itself or others while it is told. */
  #watchersOf(name: string): readonly AnyWatcher[] {
    return [...(this.#watchers.get(name) ?? [])];
  }

  #record(received: readonly DecodedResource[], refused: readonly Rejection[]): void {
    const reasons = new Map(refused.map(({ name, message }) => [name, message]));
    for (const resource of received) {
      if (!this.wildcard && !this.#watchers.has(resource.name)) continue;
      const held = this.#held.get(resource.name) ?? { accepted: undefined, lastUpdatedMs: 0, failure: undefined };
      this.#held.set(resource.name, this.#settled(held, resource, reasons.get(resource.name)));
    }
  }

  #settled(held: Held, resource: DecodedResource, reason: string | undefined): Held {
    const atMs = this.#now();
    if (reason !== undefined) {
      return { ...held, failure: { message: reason, version: resource.version, atMs, refused: resource.any } };
    }
    const same = held.accepted !== undefined && sameBytes(held.accepted.any, resource.any);
    return { accepted: resource, lastUpdatedMs: same ? held.lastUpdatedMs : atMs, failure: undefined };
  }
}

function deliver(watcher: AnyWatcher, resource: DecodedResource): Rejection | undefined {
  try {
    return watcher.onResource(resource.message, resource.version);
  } catch (error) {
    return { name: resource.name, message: messageOf(error) };
  }
}

function resourceState(name: string, held: Held): XdsResourceState {
  return {
    name,
    version: held.accepted?.version ?? '',
    lastUpdatedMs: held.lastUpdatedMs,
    accepted: held.accepted?.any,
    failure: held.failure,
  };
}

function sameBytes(a: Any, b: Any): boolean {
  return Buffer.compare(a.value, b.value) === 0;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
