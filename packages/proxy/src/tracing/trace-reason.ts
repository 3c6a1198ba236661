// Why a request is traced: decided once on its way, and written into its id for all proxies after.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-request-id
import type { Dice } from '@meltemi/base';
import type { Headers } from '@meltemi/wire';

export type TraceReason = 'none' | 'sampled' | 'client' | 'service';

/** Percent of the requests, 0 to 100. */
export interface Sampling {
  /** Of those that the client wants traced. */
  readonly client: number;
  /** Of the others. */
  readonly random: number;
  /** Of what both give. */
  readonly overall: number;
}

/** Where the version of a UUID stands, which holds the reason. */
const PLACE = 14;
const MARKS: Readonly<Record<TraceReason, string>> = { none: '4', sampled: '9', service: 'a', client: 'b' };
const REASONS: ReadonlyMap<string | undefined, TraceReason> = new Map([
  ['9', 'sampled'],
  ['a', 'service'],
  ['b', 'client'],
]);

/** Changes `x-request-id` in place. A request without a UUID is not traced. */
export function decideTrace(headers: Headers, sampling: Sampling, dice: Dice): TraceReason {
  const id = headers.get('x-request-id');
  if (id === undefined || !/^[0-9a-f-]{36}$/i.test(id)) return 'none';
  const share = (parseInt(id.slice(0, 8), 16) % 10_000) / 100;
  const before = REASONS.get(id[PLACE]) ?? 'none';
  const wanted = before === 'none' ? newReason(headers, sampling, share, dice) : before;
  const reason = wanted !== 'none' && share < sampling.overall ? wanted : 'none';
  if (reason !== before) headers.put('x-request-id', id.slice(0, PLACE) + MARKS[reason] + id.slice(PLACE + 1));
  return reason;
}

function newReason(headers: Headers, { client, random }: Sampling, share: number, dice: Dice): TraceReason {
  if (headers.has('x-client-trace-id') && dice.roll() * 100 < client) return 'client';
  if (headers.has('x-envoy-force-trace')) return 'service';
  return share < random ? 'sampled' : 'none';
}
