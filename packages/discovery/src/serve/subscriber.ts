// One stream's side of the xDS protocol: requests and new resources in, responses out, in order and one at a time.
// https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
import { NO_RESOURCES, type ProxyResources, SERVED_TYPES, type ServedType } from '../resources.ts';
import { encodeDelta, encodeSotw, versionOf } from './encode-response.ts';
import { planResponse, type ResponsePlan } from './plan-response.ts';
import { type InterestChange, TypeSubscription } from './type-subscription.ts';

/** A discovery request of either variant, without its node. */
export interface SubscriptionRequest {
  readonly type: ServedType;
  /** Of the response that it answers; empty: of none. */
  readonly nonce: string;
  /** Why the response was refused. */
  readonly error: string | undefined;
  readonly change: InterestChange;
  readonly initialVersions?: Readonly<Record<string, string>>;
}

/** What happens on the stream, for those who watch. */
export interface SubscriberEvents {
  sent(type: ServedType, details: { readonly nonce: string; readonly version: string; readonly bytes: number }): void;
  acknowledged(type: ServedType, nonce: string): void;
  rejected(type: ServedType, nonce: string, error: string): void;
  /** The receiver has everything of the snapshot. */
  converged(snapshotVersion: number): void;
}

export interface SubscriberOptions {
  readonly variant: 'sotw' | 'delta';
  readonly send: (response: Uint8Array) => void;
  readonly events: SubscriberEvents;
}

/** What names clusters waits until they and their endpoints are sent. Endpoints and routes by themselves harm nobody. */
const WAITS_FOR: Readonly<Record<ServedType, readonly ServedType[]>> = {
  CDS: [],
  EDS: [],
  LDS: ['CDS', 'EDS'],
  RDS: ['CDS', 'EDS'],
};

/** The type whose resources these name. */
const NAMES_NEXT: Readonly<Partial<Record<ServedType, ServedType>>> = { CDS: 'EDS', LDS: 'RDS' };

export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly #subscriptions = new Map<ServedType, TypeSubscription>();
  /** Endpoints of clusters that were sent, for which the receiver has not asked yet: it does so when it has read them. */
  readonly #awaited = new Set<string>();
  #resources: ProxyResources = NO_RESOURCES;
  #snapshotVersion = 0;
  #convergedVersion = 0;
  #nonces = 0;

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  /** The types asked for, in order. */
  get subscriptions(): readonly TypeSubscription[] {
    return SERVED_TYPES.flatMap((type) => this.#subscriptions.get(type) ?? []);
  }

  /** New resources; what was not sent of earlier ones is forgotten. */
  update(resources: ProxyResources, snapshotVersion: number): void {
    this.#resources = resources;
    this.#snapshotVersion = snapshotVersion;
    this.#flush();
  }

  receive(request: SubscriptionRequest): void {
    const subscription = this.#subscription(request.type);
    const answers = request.nonce !== '' && request.nonce === subscription.nonce;
    // A list of names is of the moment of its nonce: with an older one it says nothing about now.
    const stale = request.change.kind === 'names' && request.nonce !== subscription.nonce && subscription.nonce !== '';
    if (answers) this.#settle(subscription, request);
    if (!stale) subscription.change(request.change, request.initialVersions);
    if (request.type === 'EDS') this.#dropAwaited((name) => subscription.wants(name));
    this.#flush();
  }

  #subscription(type: ServedType): TypeSubscription {
    const known = this.#subscriptions.get(type);
    if (known) return known;
    const subscription = new TypeSubscription(type);
    this.#subscriptions.set(type, subscription);
    return subscription;
  }

  #settle(subscription: TypeSubscription, { nonce, error }: SubscriptionRequest): void {
    subscription.inFlight = false;
    subscription.rejected = error !== undefined;
    if (error !== undefined && subscription.type === 'CDS') this.#awaited.clear();
    if (error === undefined) this.#options.events.acknowledged(subscription.type, nonce);
    else this.#options.events.rejected(subscription.type, nonce, error);
  }

  /** Additions first, in order; what is gone goes when nothing that might name it is under way. */
  #flush(): void {
    if (this.#snapshotVersion === 0 || this.#subscriptions.size === 0 || !this.#sendChanges()) return;
    if (this.subscriptions.some(({ inFlight, rejected }) => inFlight || rejected)) return;
    this.#sendRemovals();
    if (this.subscriptions.some(({ inFlight }) => inFlight)) return;
    if (this.#convergedVersion === this.#snapshotVersion) return;
    this.#convergedVersion = this.#snapshotVersion;
    this.#options.events.converged(this.#snapshotVersion);
  }

  /** False when a type has more to send, and waits for an answer or for another type. */
  #sendChanges(): boolean {
    const waiting = new Set<ServedType>();
    for (const subscription of this.subscriptions) {
      const { type, inFlight } = subscription;
      if (this.#awaited.size > 0) waiting.add('EDS');
      // Nothing names a listener: it may go at once.
      const plan = this.#plan(subscription, type === 'LDS');
      if (!plan) continue;
      if (inFlight || WAITS_FOR[type].some((earlier) => waiting.has(earlier))) waiting.add(type);
      else this.#send(subscription, plan);
    }
    return waiting.size === 0;
  }

  #sendRemovals(): void {
    for (const subscription of this.subscriptions) {
      const plan = this.#plan(subscription, true);
      if (plan) this.#send(subscription, plan);
    }
  }

  #plan(subscription: TypeSubscription, remove: boolean): ResponsePlan | undefined {
    const { variant } = this.#options;
    return planResponse(subscription, this.#resources[subscription.type], { variant, remove });
  }

  #send(subscription: TypeSubscription, plan: ResponsePlan): void {
    const { type, held } = subscription;
    const nonce = String(++this.#nonces);
    const version = versionOf(plan.resources);
    const head = { type, nonce };
    const bytes =
      this.#options.variant === 'sotw'
        ? encodeSotw(head, version, plan.resources)
        : encodeDelta(head, plan.resources, plan.removed);
    for (const fragment of plan.resources) held.set(fragment.name, { version: fragment.version, fragment });
    for (const name of plan.removed) this.#forget(subscription, name);
    this.#repeatNamed(plan, type);
    if (type === 'CDS') this.#awaitEndpoints(plan);
    subscription.nonce = nonce;
    subscription.inFlight = true;
    this.#options.send(bytes);
    this.#options.events.sent(type, { nonce, version, bytes: bytes.byteLength });
  }

  /** Routes to a new cluster must not come before its endpoints; who asks for no endpoints at all is not waited for. */
  #awaitEndpoints(plan: ResponsePlan): void {
    const endpoints = this.#subscriptions.get('EDS');
    if (!endpoints) return;
    for (const { uses } of plan.resources) {
      for (const name of uses) if (!endpoints.wants(name)) this.#awaited.add(name);
    }
    const held = new Set(
      this.#subscriptions
        .get('CDS')!
        .held.values()
        .flatMap(({ fragment }) => fragment?.uses ?? []),
    );
    this.#dropAwaited((name) => !held.has(name));
  }

  #dropAwaited(done: (name: string) => boolean): void {
    for (const name of this.#awaited) if (done(name)) this.#awaited.delete(name);
  }

  /** Who asked for a resource by name and was told that it is gone need not be told again. */
  #forget({ held, names }: TypeSubscription, name: string): void {
    if (this.#options.variant === 'delta' && names.has(name)) held.set(name, { version: '', fragment: undefined });
    else held.delete(name);
  }

  /** A changed cluster or listener warms up until what it names comes again, though that did not change. */
  #repeatNamed(plan: ResponsePlan, type: ServedType): void {
    const next = NAMES_NEXT[type];
    const held = next && this.#subscriptions.get(next)?.held;
    if (!held) return;
    for (const { uses } of plan.updated) for (const name of uses) held.delete(name);
  }
}
