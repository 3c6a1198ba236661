// Turns stats into plain values that can be sent to another thread, and joins such values with stats of one's own.
import { Counter, Gauge, Histogram } from './stat.ts';
import type { StatName } from './stat-name.ts';
import type { Stat } from './held-stat.ts';

/** A stat's name and value, plain. */
export type StatRecord =
  | { readonly kind: 'counter' | 'gauge'; readonly name: StatName; readonly value: number }
  | {
      readonly kind: 'histogram';
      readonly name: StatName;
      readonly value: Pick<Histogram, 'buckets' | 'count' | 'sum' | 'max'>;
    };

/** Of the stats that were used: the others add nothing. */
export function statRecords(stats: readonly Stat[]): readonly StatRecord[] {
  return stats.filter((stat) => stat.cell.used).map(recordOf);
}

/**
 * All of `own`, with what the others counted added to it: sums of counters and gauges, one histogram of all. Cells of `own`
 * are left as they are. A stat that is `alone` in the name's sense (a fact of the whole process) keeps its own value.
 */
export function joinStats(
  own: readonly Stat[],
  others: readonly (readonly StatRecord[])[],
  alone: (name: string) => boolean,
): readonly Stat[] {
  const joined = new Map<string, Stat>(own.map((stat) => [stat.name.text, stat]));
  const copied = new Set<string>();
  for (const record of others.flat()) {
    const { text } = record.name;
    if (alone(text)) continue;
    const known = joined.get(text);
    if (known && known.kind !== record.kind) continue;
    const target = known && copied.has(text) ? known : copyOf(known ?? emptyStat(record));
    copied.add(text);
    joined.set(text, target);
    addTo(target, record);
  }
  return [...joined.values()].sort((a, b) => (a.name.text < b.name.text ? -1 : 1));
}

function recordOf(stat: Stat): StatRecord {
  if (stat.kind !== 'histogram') return { kind: stat.kind, name: stat.name, value: stat.cell.value };
  const { buckets, count, sum, max } = stat.cell;
  return { kind: 'histogram', name: stat.name, value: { buckets, count, sum, max } };
}

function emptyStat({ kind, name }: StatRecord): Stat {
  switch (kind) {
    case 'counter':
      return { kind, name, cell: new Counter() };
    case 'gauge':
      return { kind, name, cell: new Gauge() };
    case 'histogram':
      return { kind, name, cell: new Histogram() };
  }
}

function copyOf(stat: Stat): Stat {
  const copy = emptyStat(recordOf(stat));
  if (stat.cell.used) addTo(copy, recordOf(stat));
  return copy;
}

function addTo(stat: Stat, record: StatRecord): void {
  if (stat.kind === 'histogram' && record.kind === 'histogram') stat.cell.add(record.value);
  else if (stat.kind !== 'histogram' && record.kind !== 'histogram') stat.cell.add(record.value);
}
