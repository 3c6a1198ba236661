// One stream's side of the xDS protocol: requests and new resources in, responses out, in order and one at a time.
// https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
import { NO_RESOURCES, type ProxyResources, SERVED_TYPES, type ServedType } from '../resources.ts';
import { type EncodedResponse, encodeResponse } from './encode-response.ts';
import { planResponse } from './plan-response.ts';
import { type ProxyQuarantine, quarantineOf } from './quarantines.ts';
import type { ResponsePlan } from './response-plan.ts';
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
  readonly send: (response: EncodedResponse) => void;
  readonly events: SubscriberEvents;
  /** False: nothing is sent now, and `resume` is called when it may be; undefined: always. */
  readonly mayBegin?: () => boolean;
  /** What the receiver refused, on this stream and on earlier ones. */
  readonly quarantine: ProxyQuarantine;
}

/** What names clusters waits until they and their endpoints are sent. Endpoints and routes by themselves harm nobody. */
const WAITS_FOR: Readonly<Record<ServedType, readonly ServedType[]>> = {
  CDS: [],
  EDS: [],
  LDS: ['CDS', 'EDS'],
  RDS: ['CDS', 'EDS'],
  SDS: [],
  ECDS: [],
  NDS: [],
  PCDS: [],
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

  /** Sends what is due. */
  resume(): void {
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
    const subscription = new TypeSubscription(type, quarantineOf(this.#options.quarantine, type));
    this.#subscriptions.set(type, subscription);
    return subscription;
  }

  #settle(subscription: TypeSubscription, { nonce, error }: SubscriptionRequest): void {
    const { events } = this.#options;
    const { type } = subscription;
    if (error === undefined) {
      subscription.accept();
      return events.acknowledged(type, nonce);
    }
    subscription.refuse(error);
    if (type === 'CDS') this.#awaited.clear();
    events.rejected(type, nonce, error);
  }

  /** Additions first, in order; what is gone goes when nothing that might name it is under way. */
  #flush(): void {
    if (this.#snapshotVersion === 0 || this.#subscriptions.size === 0 || !this.#sendChanges()) return;
    if (this.subscriptions.some(({ inFlight, quarantine }) => inFlight || quarantine.keepsOld)) return;
    if (!this.#sendRemovals() || this.subscriptions.some(({ inFlight }) => inFlight)) return;
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
      if (inFlight || WAITS_FOR[type].some((earlier) => waiting.has(earlier)) || !this.#mayBegin()) waiting.add(type);
      else this.#send(subscription, plan);
    }
    return waiting.size === 0;
  }

  #mayBegin(): boolean {
    return this.#options.mayBegin?.() ?? true;
  }

  /** False when something is left to send. */
  #sendRemovals(): boolean {
    for (const subscription of this.subscriptions) {
      const plan = this.#plan(subscription, true);
      if (!plan) continue;
      if (!this.#mayBegin()) return false;
      this.#send(subscription, plan);
    }
    return true;
  }

  /** A group of suspects of which nobody wants anything any more is not waited for. */
  #plan(subscription: TypeSubscription, remove: boolean): ResponsePlan | undefined {
    const { variant } = this.#options;
    const { quarantine, type } = subscription;
    for (;;) {
      subscription.offer(quarantine.apply(this.#resources[type]));
      const plan = planResponse(subscription, { variant, remove });
      if (plan || !quarantine.trying) return plan;
      quarantine.tried();
    }
  }

  #send(subscription: TypeSubscription, plan: ResponsePlan): void {
    const { type } = subscription;
    const nonce = String(++this.#nonces);
    const response = encodeResponse(this.#options.variant, { type, nonce }, plan);
    subscription.sent(nonce, plan);
    subscription.quarantine.tried();
    for (const name of plan.removed) this.#forget(subscription, name);
    this.#repeatNamed(plan, type);
    if (type === 'CDS') this.#awaitEndpoints(plan);
    this.#options.send(response);
    this.#options.events.sent(type, { nonce, version: response.version, bytes: response.byteLength });
  }

  /** Routes to a new cluster must not come before its endpoints; who asks for no endpoints at all is not waited for. */
  #awaitEndpoints(plan: ResponsePlan): void {
    const endpoints = this.#subscriptions.get('EDS');
    if (!endpoints) return;
    for (const { uses } of plan.resources) {
      for (const name of uses) if (!endpoints.wants(name)) this.#awaited.add(name);
    }
    if (this.#awaited.size === 0) return;
    const held = this.#subscriptions.get('CDS')!.held.fragments();
    const named = new Set(held.flatMap(({ uses }) => uses));
    this.#dropAwaited((name) => !named.has(name));
  }

  #dropAwaited(done: (name: string) => boolean): void {
    for (const name of this.#awaited) if (done(name)) this.#awaited.delete(name);
  }

  /** Who asked for a resource by name and was told that it is gone need not be told again. */
  #forget(subscription: TypeSubscription, name: string): void {
    if (this.#options.variant === 'delta' && subscription.names.has(name)) {
      subscription.hold(name, { version: '', fragment: undefined });
    } else subscription.drop(name);
  }

  /** A changed cluster or listener warms up until what it names comes again, though that did not change. */
  #repeatNamed(plan: ResponsePlan, type: ServedType): void {
    const next = NAMES_NEXT[type];
    const named = next && this.#subscriptions.get(next);
    if (!named) return;
    for (const { uses } of plan.updated) for (const name of uses) named.drop(name);
  }
}
