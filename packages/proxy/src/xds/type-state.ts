// What is wanted and what is held of one resource type: applies changes to those who asked, and keeps what they accepted.
import type { Any } from '@bufbuild/protobuf/wkt';
import type { XdsType } from '@meltemi/api';
import type { Clock, Timer } from '@meltemi/base';
import { type DecodedResource, decodeResource, type XdsMessage } from './decode-resource.ts';
import { screenUnknownFields, type UnknownFieldRule } from './unknown-fields.ts';
import { type Held, resourceState, sameBytes, settledHeld } from './held-resource.ts';
import { VirtualHostSets } from './virtual-host-sets.ts';
import type { Rejection, ResourceWatcher, WildcardSink, XdsResourceState, XdsTypeState } from './xds-client.ts';

type AnyWatcher = ResourceWatcher<XdsMessage>;

/** Outlives the streams: a new one begins with what is here. */
export class TypeState implements XdsTypeState {
  readonly type: XdsType;
  /** Of a type whose resources are gathered. */
  readonly gathered: VirtualHostSets | undefined;
  version = '';
  error: string | undefined;
  readonly #clock: Clock;
  readonly #unknownFields: UnknownFieldRule | undefined;
  readonly #held = new Map<string, Held>();
  readonly #watchers = new Map<string, Set<AnyWatcher>>();
  /** Of resources that must be renewed, by name. */
  readonly #expiries = new Map<string, Timer>();
  #sink: WildcardSink<XdsMessage> | undefined;
  #begun = false;

  /** `unknownFields`: what becomes of resources that have some; undefined: they are taken without. */
  constructor(type: XdsType, clock: Clock, unknownFields?: UnknownFieldRule) {
    this.type = type;
    this.gathered = type === 'VHDS' ? new VirtualHostSets() : undefined;
    this.#clock = clock;
    this.#unknownFields = unknownFields;
  }

  /** Throws what is wrong with the bytes, the type, the name or unknown fields. */
  decode(any: Any, version: string): DecodedResource {
    const decoded = decodeResource(this.type, any, version);
    if (this.#unknownFields) screenUnknownFields(decoded.message, this.#unknownFields);
    return decoded;
  }

  monotonic(): number {
    return this.#clock.monotonic();
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
    if (this.gathered) return this.gathered.versions();
    const accepted = [...this.#held].filter(([, held]) => held.accepted !== undefined);
    return Object.fromEntries(accepted.map(([name, held]) => [name, held.accepted!.version]));
  }

  attach(sink: WildcardSink<XdsMessage> | undefined): void {
    this.#sink = sink;
    this.#begun = false;
    if (!sink) this.#held.clear();
    if (!sink) this.close();
  }

  /** Timers end; what is held stays. */
  close(): void {
    for (const timer of this.#expiries.values()) timer.cancel();
    this.#expiries.clear();
  }

  /** The server says that a resource lives on for this time; undefined: for good. */
  refresh(name: string, ttlMs: number | undefined): void {
    this.#expiries.get(name)?.cancel();
    this.#expiries.delete(name);
    if (ttlMs !== undefined)
      this.#expiries.set(
        name,
        this.#clock.after(ttlMs, () => this.#expire(name)),
      );
  }

  /** The stream ended or could not be opened. */
  lost(): void {
    for (const watchers of this.#watchers.values()) for (const watcher of watchers) watcher.stats?.failed();
  }

  /** Delivers what is held already. */
  addWatcher(name: string, watcher: AnyWatcher): void {
    const watchers = this.#watchers.get(name) ?? new Set();
    this.#watchers.set(name, watchers.add(watcher));
    const accepted = this.#held.get(name)?.accepted;
    if (accepted) deliver(watcher, decodeResource(this.type, accepted.any, accepted.version));
  }

  /** A resource that nobody watches is forgotten. */
  removeWatcher(name: string, watcher: AnyWatcher): void {
    const watchers = this.#watchers.get(name);
    watchers?.delete(watcher);
    if (watchers?.size !== 0) return;
    this.#watchers.delete(name);
    this.#forget(name);
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
    for (const name of removed) if (!kept.has(name)) this.#forget(name);
    return refused;
  }

  #forget(name: string): void {
    this.#held.delete(name);
    this.refresh(name, undefined);
  }

  #expire(name: string): void {
    if (this.#sink) this.#applyAll(this.#sink, [], [name], this.version);
    else this.#applyEach([], [name]);
    this.#forget(name);
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
      const reason = reasons.get(resource.name);
      this.refresh(resource.name, resource.ttlMs);
      this.#count(resource, reason);
      const held = this.#held.get(resource.name) ?? { accepted: undefined, lastUpdatedMs: 0, failure: undefined };
      this.#held.set(resource.name, settledHeld(held, resource, reason, this.#clock.now()));
    }
  }

  #count(resource: DecodedResource, reason: string | undefined): void {
    for (const { stats } of this.#watchersOf(resource.name)) {
      if (reason === undefined) stats?.accepted(resource.version, this.#clock.now(), 0);
      else stats?.rejected();
    }
  }
}

function deliver(watcher: AnyWatcher, resource: DecodedResource): Rejection | undefined {
  try {
    return watcher.onResource(resource.message, resource.version);
  } catch (error) {
    return { name: resource.name, message: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
