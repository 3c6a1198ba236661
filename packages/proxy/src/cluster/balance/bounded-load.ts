// Consistent hashing with bounded load (https://arxiv.org/abs/1608.01350): a host that is too busy hands the request on.
import { type Dice, type Hash64, seededDice } from '@meltemi/base';
import type { BalancedHost, Balancer, HostShare } from './balanced-host.ts';

/** No host gets more than `factor` percent of its fair share of the active requests, while another has room. */
export function boundedLoad<H extends BalancedHost>(
  placed: Balancer<H>,
  shares: readonly HostShare<H>[],
  factor: number,
): Balancer<H> {
  const shareOf = new Map(shares.map(({ host, share }) => [host, share]));
  const overload = (host: H, active: number): number => {
    const slots = Math.max(1, Math.ceil(Math.floor(((active + 1) * factor + 99) / 100) * shareOf.get(host)!));
    return host.activeRequests + 1 > slots ? (host.activeRequests + 1) / slots : 1;
  };
  return {
    pick(hash, attempt) {
      const first = placed.pick(hash, attempt);
      if (!first) return undefined;
      const active = shares.reduce((sum, { host }) => sum + host.activeRequests, 0);
      if (overload(first, active) <= 1) return first;
      return leastLoaded(shuffled(shares, seedOf(hash, attempt)), first, (host) => overload(host, active));
    },
  };
}

/** The first that is not overloaded, else the one that is least so. */
function leastLoaded<H>(hosts: Iterable<H>, first: H, overload: (host: H) => number): H {
  let best = first;
  let least = overload(first);
  for (const host of hosts) {
    const load = overload(host);
    if (load <= 1) return host;
    if (load < least) {
      best = host;
      least = load;
    }
  }
  return best;
}

/** A hash leads through the hosts in the same order each time. */
function seedOf(hash: Hash64 | undefined, attempt: number): Dice {
  return seededDice((hash?.low ?? 0) + attempt);
}

function* shuffled<H extends BalancedHost>(shares: readonly HostShare<H>[], dice: Dice): Iterable<H> {
  const left = shares.map(({ host }) => host);
  for (let from = 0; from < left.length; from++) {
    const chosen = from + Math.floor(dice.roll() * (left.length - from));
    [left[from], left[chosen]] = [left[chosen]!, left[from]!];
    yield left[from]!;
  }
}
