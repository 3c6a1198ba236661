// A ring of points, several a host by weight: a hash goes to the next point, so removing a host moves little but its keys.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/load_balancers#ring-hash
import { type Dice, type Hash64, murmurHash2, xxHash64 } from '@meltemi/base';
import type { RingSettings } from '../settings/balancer-settings.ts';
import type { BalancedHost, Balancer, HostShare } from './balanced-host.ts';
import { rollHash } from './hash-roll.ts';

/** Without a hash the point is random. The ring is Envoy's, point for point. */
export function ringHash<H extends BalancedHost>(
  shares: readonly HostShare<H>[],
  dice: Dice,
  settings: RingSettings,
): Balancer<H> {
  const ring = buildRing(shares, settings);
  return {
    pick(hash, attempt) {
      if (ring.hosts.length === 0) return undefined;
      return ring.hosts[(nextPoint(ring, hash ?? rollHash(dice)) + attempt) % ring.hosts.length];
    },
  };
}

/** Points in order, in two halves. */
interface Ring<H> {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  readonly hosts: readonly H[];
}

interface Point<H> {
  readonly hash: Hash64;
  readonly host: H;
}

/** The lightest host gets a whole number of points, as long as all of them stay below the maximum. */
function buildRing<H extends BalancedHost>(shares: readonly HostShare<H>[], settings: RingSettings): Ring<H> {
  const lightest = shares.reduce((least, { share }) => Math.min(least, share), 1);
  const scale = Math.min(Math.ceil(lightest * settings.minimum) / lightest, settings.maximum);
  const hash = settings.murmur ? murmurHash2 : xxHash64Of;
  const points: Point<H>[] = [];
  // A running sum over all hosts: what rounding took from one, another gets.
  let target = 0;
  for (const { host, share } of shares) {
    target += scale * share;
    for (let index = 0; points.length < target; index++) points.push({ hash: hash(`${host.hashKey}_${index}`), host });
  }
  points.sort((a, b) => a.hash.high - b.hash.high || a.hash.low - b.hash.low);
  return {
    high: Uint32Array.from(points, (point) => point.hash.high),
    low: Uint32Array.from(points, (point) => point.hash.low),
    hosts: points.map((point) => point.host),
  };
}

function xxHash64Of(text: string): Hash64 {
  return xxHash64(text);
}

/** Index of the first point at or after the hash; around the end to 0. */
function nextPoint({ high, low }: Ring<unknown>, hash: Hash64): number {
  let from = 0;
  let to = high.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    const atOrAfter = high[middle] === hash.high ? low[middle]! >= hash.low : high[middle]! > hash.high;
    if (atOrAfter) to = middle;
    else from = middle + 1;
  }
  return from === high.length ? 0 : from;
}
