// Compares what a receiver has with what it is to have: the next response, if one is due.
import type { Fragment } from '../fragment.ts';
import type { ServedType } from '../resources.ts';
import type { TypeSubscription } from './type-subscription.ts';

export interface ResponsePlan {
  /** To send. In state-of-the-world responses of CDS and LDS: all, with those that linger. */
  readonly resources: readonly Fragment[];
  /** Of `resources`, those that the receiver has in another version. */
  readonly updated: readonly Fragment[];
  /** No longer there, or never were. */
  readonly removed: readonly string[];
}

export interface PlanOptions {
  readonly variant: 'sotw' | 'delta';
  /** Whether resources that are gone are taken away now, or linger until what used them has changed. */
  readonly remove: boolean;
}

type Available = ReadonlyMap<string, Fragment>;

/** Of these types a state-of-the-world response holds everything; what it leaves out is gone. */
const WHOLE_TYPES: ReadonlySet<ServedType> = new Set(['CDS', 'LDS']);

/** Undefined when the receiver is up to date. */
export function planResponse(
  subscription: TypeSubscription,
  available: Available,
  options: PlanOptions,
): ResponsePlan | undefined {
  const wanted = wantedFragments(subscription, available);
  const changed = wanted.filter(({ name, version }) => subscription.held.get(name)?.version !== version);
  const updated = changed.filter(({ name }) => Boolean(subscription.held.get(name)?.version));
  const gone = goneNames(subscription, available);
  if (options.variant === 'delta') return planDelta(subscription, available, { changed, updated, gone }, options);
  if (!WHOLE_TYPES.has(subscription.type)) {
    return changed.length > 0 ? { resources: changed, updated, removed: [] } : undefined;
  }
  const removed = options.remove ? gone : [];
  if (changed.length === 0 && removed.length === 0 && subscription.nonce !== '') return undefined;
  return { resources: [...wanted, ...(options.remove ? [] : lingering(subscription, gone))], updated, removed };
}

interface Difference {
  readonly changed: readonly Fragment[];
  readonly updated: readonly Fragment[];
  readonly gone: readonly string[];
}

/** The first response of a wildcard is sent even with nothing in it: its receiver waits for it. */
function planDelta(
  subscription: TypeSubscription,
  available: Available,
  { changed, updated, gone }: Difference,
  options: PlanOptions,
): ResponsePlan | undefined {
  const missing = [...subscription.names].filter((name) => !available.has(name) && !subscription.held.has(name));
  const removed = [...missing, ...(options.remove ? gone : [])];
  const awaited = subscription.wildcard && subscription.nonce === '' && subscription.held.size === 0;
  if (changed.length === 0 && removed.length === 0 && !awaited) return undefined;
  return { resources: changed, updated, removed };
}

function wantedFragments(subscription: TypeSubscription, available: Available): Fragment[] {
  if (subscription.wildcard) return [...available.values()];
  return [...subscription.names].flatMap((name) => available.get(name) ?? []);
}

function goneNames(subscription: TypeSubscription, available: Available): string[] {
  return [...subscription.held].filter(([name, { version }]) => version && !available.has(name)).map(([name]) => name);
}

function lingering(subscription: TypeSubscription, gone: readonly string[]): Fragment[] {
  return gone.flatMap((name) => subscription.held.get(name)?.fragment ?? []);
}
