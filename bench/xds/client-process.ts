// A process of many clients: told over its message channel how many to connect, it tells what they got.
import { AdsClient, type Type, TYPES, type Variant } from './ads-client.ts';
import type { MeshSize } from './xds-files.ts';

export interface ConnectOrder {
  readonly host: string;
  readonly port: number;
  readonly variant: Variant;
  readonly size: MeshSize;
  readonly from: number;
  readonly to: number;
}

/** `at`: milliseconds on the clock that all processes of the machine share. */
export type ClientReport =
  | { readonly kind: 'synced'; readonly at: number }
  | { readonly kind: 'reached'; readonly what: 'endpoint' | 'weight'; readonly change: number; readonly at: number }
  | { readonly kind: 'totals'; readonly totals: ClientTotals }
  | { readonly kind: 'failed'; readonly reason: string };

export interface ClientTotals {
  readonly bytes: number;
  readonly responses: number;
  /** How many resources each client holds, at least and at most. */
  readonly held: Readonly<Record<Type, readonly [least: number, most: number]>>;
  /** Of the first client. */
  readonly names: Readonly<Record<Type, readonly string[]>>;
}

const clients: AdsClient[] = [];
/** Of each change: how many clients have it. A later one of the same service holds for those before it. */
const counts = new Map<string, number>();

process.on('message', (order: ConnectOrder | 'totals') => {
  if (order === 'totals') report({ kind: 'totals', totals: totals() });
  else connectAll(order);
});
process.on('disconnect', () => process.exit(0));

function connectAll(order: ConnectOrder): void {
  let synced = 0;
  const number = order.to - order.from;
  for (let index = order.from; index < order.to; index++) {
    const latest = new Map<string, number>();
    clients.push(
      new AdsClient({
        ...order,
        index,
        synced: () => {
          if (++synced === number) report({ kind: 'synced', at: now() });
        },
        changed: (what, changes) => {
          for (const change of changes) noteChange(what, change, { latest, order });
        },
        failed: (reason) => report({ kind: 'failed', reason: `client ${index}: ${reason}` }),
      }),
    );
  }
}

function noteChange(
  what: 'endpoint' | 'weight',
  change: number,
  { latest, order }: { readonly latest: Map<string, number>; readonly order: ConnectOrder },
): void {
  const step = what === 'endpoint' ? order.size.services : 1;
  const key = `${what} ${change % step}`;
  for (let each = (latest.get(key) ?? (change % step) - step) + step; each <= change; each += step) {
    const count = (counts.get(`${what} ${each}`) ?? 0) + 1;
    counts.set(`${what} ${each}`, count);
    if (count === order.to - order.from) report({ kind: 'reached', what, change: each, at: now() });
  }
  latest.set(key, Math.max(change, latest.get(key) ?? 0));
}

function totals(): ClientTotals {
  const extent = (type: Type): readonly [number, number] => {
    const sizes = clients.map(({ held }) => held[type].size);
    return [Math.min(...sizes), Math.max(...sizes)];
  };
  return {
    bytes: clients.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
    responses: clients.reduce((sum, { responses }) => sum + responses, 0),
    held: Object.fromEntries(TYPES.map((type) => [type, extent(type)])) as ClientTotals['held'],
    names: Object.fromEntries(
      TYPES.map((type) => [type, [...(clients[0]?.held[type] ?? [])].toSorted()]),
    ) as unknown as ClientTotals['names'],
  };
}

function now(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

function report(message: ClientReport): void {
  process.send!(message);
}
