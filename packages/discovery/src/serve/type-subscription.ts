// What one stream wants of one type, and what it has been sent.
// https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#how-the-client-specifies-what-resources-to-return
import type { Fragment } from '../fragment.ts';
import type { ServedType } from '../resources.ts';

/** A resource that the receiver has. Its content is unknown where an earlier stream brought it. */
export interface Held {
  /** Empty: the receiver was told that there is no such resource. */
  readonly version: string;
  readonly fragment: Fragment | undefined;
}

/** What a request changes in a subscription. */
export type InterestChange =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'delta'; readonly subscribe: readonly string[]; readonly unsubscribe: readonly string[] };

/** Of these types all resources can be had by naming none. */
const WILDCARD_TYPES: ReadonlySet<ServedType> = new Set(['CDS', 'LDS']);

export class TypeSubscription {
  readonly type: ServedType;
  readonly held = new Map<string, Held>();
  /** Of the last response; empty before the first. */
  nonce = '';
  inFlight = false;
  /** The last response was refused: what it replaced is still in use there. */
  rejected = false;
  #wildcard = false;
  /** The wildcard came by naming nothing, and holds until something is named. */
  #unnamed = false;
  #names = new Set<string>();
  #started = false;

  constructor(type: ServedType) {
    this.type = type;
  }

  get wildcard(): boolean {
    return this.#wildcard;
  }

  get names(): ReadonlySet<string> {
    return this.#names;
  }

  wants(name: string): boolean {
    return this.#wildcard || this.#names.has(name);
  }

  /** `initial`: what the receiver has from an earlier stream, by version. */
  change(change: InterestChange, initial: Readonly<Record<string, string>> = {}): void {
    const first = !this.#started;
    this.#started = true;
    if (first) for (const name in initial) this.held.set(name, { version: initial[name]!, fragment: undefined });
    if (change.kind === 'names') this.#replace(change.names, first);
    else this.#adjust(change, first);
    for (const name of this.held.keys()) if (!this.wants(name)) this.held.delete(name);
  }

  #replace(names: readonly string[], first: boolean): void {
    if (names.length === 0 && (first || this.#unnamed)) {
      this.#unnamed = this.#wildcard = WILDCARD_TYPES.has(this.type);
      return;
    }
    this.#unnamed = false;
    this.#wildcard = names.includes('*');
    this.#names = new Set(names.filter((name) => name !== '*'));
  }

  #adjust({ subscribe, unsubscribe }: Extract<InterestChange, { kind: 'delta' }>, first: boolean): void {
    if (first && subscribe.length === 0) this.#unnamed = this.#wildcard = WILDCARD_TYPES.has(this.type);
    for (const name of subscribe) {
      if (name === '*') this.#wildcard = true;
      else this.#names.add(name);
      // A name that is subscribed to again is answered again, whatever we believe the receiver to have.
      if (!first) this.held.delete(name);
    }
    for (const name of unsubscribe) {
      if (name === '*') this.#wildcard = this.#unnamed = false;
      this.#names.delete(name);
      this.held.delete(name);
    }
  }
}
