// Turns amounts of some seconds into rates, quantiles and a judgement.
import { type Amount, quantileOf } from '../traffic/amount.ts';
import type { Health, MutualTls, TrafficView } from './views.ts';

/** Parts of failed requests from which traffic counts as ill. */
const DEGRADED = 0.001;
const FAILING = 0.05;

export function trafficView(amount: Amount, seconds: number): TrafficView {
  const { requests, errors, bytes, buckets } = amount;
  return {
    health: healthOf(amount),
    requestsPerSecond: rate(requests, seconds),
    errorShare: requests > 0 ? errors / requests : 0,
    p50Ms: quantileOf(buckets, 0.5),
    p99Ms: quantileOf(buckets, 0.99),
    bytesPerSecond: rate(bytes, seconds),
  };
}

export function rate(count: number, seconds: number): number {
  return seconds > 0 ? count / seconds : 0;
}

/** By what the server's side saw of all requests. */
export function mutualTlsOf({ mutual, plain }: Amount): MutualTls {
  if (mutual + plain === 0) return 'unknown';
  if (plain === 0) return 'all';
  return mutual === 0 ? 'none' : 'some';
}

function healthOf({ requests, errors, bytes }: Amount): Health {
  if (requests + bytes === 0) return 'idle';
  const share = requests > 0 ? errors / requests : 0;
  if (share >= FAILING) return 'failing';
  return share >= DEGRADED ? 'degraded' : 'healthy';
}
