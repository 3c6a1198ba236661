// What one stream wants of one type, what it has been sent, and so what is left to send.
// https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#how-the-client-specifies-what-resources-to-return
import { NO_RESOURCES, type ServedType } from '../resources.ts';
import type { ResourceTable } from '../resource-table.ts';
import { tableChanges } from '../table-changes.ts';
import { type Held, HeldResources } from './held-resources.ts';
import { nameSet, sameNames } from './name-set.ts';
import type { ResponsePlan } from './response-plan.ts';
import type { Quarantine } from './quarantine.ts';

/** What a request changes in a subscription. */
export type InterestChange =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'delta'; readonly subscribe: readonly string[]; readonly unsubscribe: readonly string[] };

/** Of these types all resources can be had by naming none. */
const WILDCARD_TYPES: ReadonlySet<ServedType> = new Set(['CDS', 'LDS', 'NDS', 'PCDS']);

/** So many differences from a table that others have too are kept beside it. */
const FEW = 32;

export class TypeSubscription {
  readonly type: ServedType;
  readonly held = new HeldResources();
  /** Of the last response; empty before the first. */
  nonce = '';
  /** What it does not take. */
  readonly quarantine: Quarantine;
  /** Names in the response that is under way, and what the receiver had before it; undefined when none is. */
  #underWay: { readonly names: readonly string[]; readonly before: HeldResources } | undefined;
  #available: ResourceTable = NO_RESOURCES.CDS;
  /** Wanted, available, and held in another version or not at all. */
  readonly #outdated = new Set<string>();
  /** Held, and no longer available. */
  readonly #gone = new Set<string>();
  /** Wanted by name, and neither available nor known to be missing. */
  readonly #missing = new Set<string>();
  #wildcard = false;
  /** The wildcard came by naming nothing, and holds until something is named. */
  #unnamed = false;
  #names: ReadonlySet<string> = new Set();
  /** The list that was named last; who names the same again most often does it by the same list. */
  #listed: readonly string[] | undefined;
  #started = false;

  constructor(type: ServedType, quarantine: Quarantine) {
    this.type = type;
    this.quarantine = quarantine;
  }

  get wildcard(): boolean {
    return this.#wildcard;
  }

  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /** What is asked for: `*` stands for all. */
  get watched(): readonly string[] {
    return this.#wildcard ? ['*', ...this.#names] : [...this.#names];
  }

  get inFlight(): boolean {
    return this.#underWay !== undefined;
  }

  get available(): ResourceTable {
    return this.#available;
  }

  get outdated(): ReadonlySet<string> {
    return this.#outdated;
  }

  get gone(): ReadonlySet<string> {
    return this.#gone;
  }

  get missing(): ReadonlySet<string> {
    return this.#missing;
  }

  wants(name: string): boolean {
    return this.#wildcard || this.#names.has(name);
  }

  /** What there is for the receiver from now on. */
  offer(available: ResourceTable): void {
    if (available === this.#available) return;
    const { changed, removed } = tableChanges(this.#available, available);
    this.#available = available;
    for (const name of changed.keys()) this.#judge(name);
    for (const name of removed) this.#judge(name);
  }

  /** What it has, once a response is sent. */
  sent(nonce: string, plan: ResponsePlan): void {
    const names = [...plan.changed.map(({ name }) => name), ...plan.removed];
    this.#underWay = { names, before: this.held.copy() };
    this.nonce = nonce;
    if (plan.changed.length > FEW && this.#isWhole(plan)) {
      this.held.rebase(this.#available);
      this.#outdated.clear();
      return;
    }
    for (const fragment of plan.changed) this.hold(fragment.name, { version: fragment.version, fragment });
    for (const name of plan.removed) this.drop(name);
    if (this.held.own > FEW && this.#isWhole(plan)) this.held.rebase(this.#available);
  }

  /** The response under way was taken. */
  accept(): void {
    this.#underWay = undefined;
  }

  /** It was refused: what was new in it is suspect, and all is as it was before. */
  refuse(reason: string): void {
    const { names, before } = this.#underWay ?? { names: [], before: this.held };
    this.#underWay = undefined;
    const suspects = names.flatMap((name) => {
      const fragment = this.held.get(name)?.fragment;
      const held = before.get(name);
      return fragment && fragment.version !== held?.version ? [{ fragment, accepted: held?.fragment }] : [];
    });
    // Nothing was new in it: it would only be refused again.
    if (suspects.length === 0) return;
    for (const name of names) {
      const held = before.get(name);
      if (held && this.wants(name)) this.hold(name, held);
      else this.drop(name);
    }
    this.quarantine.refuse(suspects, reason);
  }

  /** The receiver has this. */
  hold(name: string, held: Held): void {
    this.held.set(name, held);
    this.#judge(name);
  }

  /** The receiver has nothing of that name, or is to be sent it again. */
  drop(name: string): void {
    this.held.delete(name);
    this.#judge(name);
  }

  /** `initial`: what the receiver has from an earlier stream, by version. */
  change(change: InterestChange, initial: Readonly<Record<string, string>> = {}): void {
    const first = !this.#started;
    this.#started = true;
    const [wildcard, names] = [this.#wildcard, this.#names];
    if (first) for (const name in initial) this.held.set(name, { version: initial[name]!, fragment: undefined });
    if (change.kind === 'names') this.#replace(change.names, first);
    else this.#adjust(change, first);
    if (first || wildcard !== this.#wildcard) this.#judgeAll();
    else if (names !== this.#names) for (const name of names.symmetricDifference(this.#names)) this.#judge(name);
  }

  #replace(names: readonly string[], first: boolean): void {
    if (names === this.#listed) return;
    this.#listed = names;
    if (names.length === 0 && (first || this.#unnamed)) {
      this.#unnamed = this.#wildcard = WILDCARD_TYPES.has(this.type);
      return;
    }
    this.#unnamed = false;
    this.#wildcard = names.includes('*');
    const named = this.#wildcard ? names.filter((name) => name !== '*') : names;
    if (!sameNames(this.#names, named)) this.#names = nameSet(named);
  }

  #adjust({ subscribe, unsubscribe }: Extract<InterestChange, { kind: 'delta' }>, first: boolean): void {
    if (first && subscribe.length === 0) this.#unnamed = this.#wildcard = WILDCARD_TYPES.has(this.type);
    if (subscribe.includes('*')) this.#wildcard = true;
    if (unsubscribe.includes('*')) this.#wildcard = this.#unnamed = false;
    const added = subscribe.filter((name) => name !== '*');
    if (added.length + unsubscribe.length > 0) {
      const names = new Set(this.#names);
      for (const name of added) names.add(name);
      for (const name of unsubscribe) names.delete(name);
      this.#names = nameSet(names);
    }
    // A name that is subscribed to again is answered again, whatever we believe the receiver to have.
    for (const name of first ? unsubscribe : [...subscribe, ...unsubscribe]) this.drop(name);
  }

  /** True when nothing that is available is missing from what it has, and nothing else is in it. */
  #isWhole(plan: ResponsePlan): boolean {
    const left = this.#outdated.size === 0 || plan.changed.length === this.#outdated.size;
    if (!left || this.#gone.size > 0 || plan.removed.length > 0) return false;
    if (!this.#wildcard && this.#names.size !== this.#available.size) return false;
    return this.#names.values().every((name) => this.#available.has(name));
  }

  #judgeAll(): void {
    for (const name of this.held.names()) this.#judge(name);
    for (const name of this.#names) this.#judge(name);
    if (this.#wildcard) for (const name of this.#available.keys()) this.#judge(name);
  }

  #judge(name: string): void {
    const wanted = this.wants(name);
    if (!wanted && this.held.has(name)) this.held.delete(name);
    const version = this.#available.get(name)?.version;
    const held = this.held.version(name);
    put(this.#outdated, name, wanted && version !== undefined && held !== version);
    put(this.#gone, name, Boolean(held) && version === undefined);
    put(this.#missing, name, version === undefined && held === undefined && this.#names.has(name));
  }
}

function put(set: Set<string>, name: string, is: boolean): void {
  if (is) set.add(name);
  else set.delete(name);
}
