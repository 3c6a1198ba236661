// What is left to send on a subscription: the next response, if one is due.
import type { Fragment } from '../fragment.ts';
import type { ServedType } from '../resources.ts';
import type { ResponsePlan } from './response-plan.ts';
import type { TypeSubscription } from './type-subscription.ts';

export interface PlanOptions {
  readonly variant: 'sotw' | 'delta';
  /** Whether resources that are gone are taken away now, or linger until what used them has changed. */
  readonly remove: boolean;
}

/** Of these types a state-of-the-world response holds everything; what it leaves out is gone. */
const WHOLE_TYPES: ReadonlySet<ServedType> = new Set(['CDS', 'LDS']);

/** Undefined when the receiver is up to date. */
export function planResponse(
  subscription: TypeSubscription,
  { variant, remove }: PlanOptions,
): ResponsePlan | undefined {
  const removed = remove ? [...subscription.gone] : [];
  if (variant === 'delta') return planDelta(subscription, removed);
  if (!WHOLE_TYPES.has(subscription.type)) {
    return subscription.outdated.size > 0 ? changedPlan(subscription, []) : undefined;
  }
  if (subscription.outdated.size === 0 && removed.length === 0 && subscription.nonce !== '') return undefined;
  const resources = [...wantedFragments(subscription), ...(remove ? [] : lingering(subscription))];
  return { ...changes(subscription), resources, removed };
}

/** The first response of a wildcard is sent even with nothing in it: its receiver waits for it. */
function planDelta(subscription: TypeSubscription, gone: readonly string[]): ResponsePlan | undefined {
  const { outdated, missing, wildcard, nonce, held } = subscription;
  const removed = [...missing, ...gone];
  const awaited = () => wildcard && nonce === '' && held.isEmpty;
  if (outdated.size === 0 && removed.length === 0 && !awaited()) return undefined;
  return changedPlan(subscription, removed);
}

function changedPlan(subscription: TypeSubscription, removed: readonly string[]): ResponsePlan {
  const { changed, updated } = changes(subscription);
  return { resources: changed, changed, updated, removed };
}

function changes(subscription: TypeSubscription): Pick<ResponsePlan, 'changed' | 'updated'> {
  const { outdated, available, held } = subscription;
  const changed = Array.from(outdated, (name) => available.get(name)!);
  return { changed, updated: changed.filter(({ name }) => Boolean(held.version(name))) };
}

function wantedFragments({ wildcard, names, available }: TypeSubscription): readonly Fragment[] {
  if (wildcard) return [...available.values()];
  return [...names].flatMap((name) => available.get(name) ?? []);
}

function lingering({ gone, held }: TypeSubscription): readonly Fragment[] {
  return [...gone].flatMap((name) => held.get(name)?.fragment ?? []);
}
