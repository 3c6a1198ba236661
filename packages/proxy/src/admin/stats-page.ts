// Answers `/stats` in Envoy's three forms, filtered as asked.
// https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--stats
import {
  PROMETHEUS_CONTENT_TYPE,
  prometheusText,
  type Stat,
  statsJson,
  type StatsStore,
  statsText,
} from '@meltemi/telemetry';
import { AdminRequestError } from './admin-error.ts';

export interface StatsQuery {
  readonly format: string;
  readonly usedOnly: boolean;
  readonly keepsName?: (name: string) => boolean;
  /** `Counters`, `Gauges`, `Histograms`, `All`. */
  readonly type: string;
}

export interface StatsAnswer {
  readonly contentType: string;
  readonly body: string;
}

export function statsPage(store: StatsStore, query: StatsQuery): StatsAnswer {
  const stats = store.list().filter((stat) => keeps(stat, query));
  switch (query.format) {
    case 'prometheus':
      return { contentType: PROMETHEUS_CONTENT_TYPE, body: prometheusText(stats) };
    case 'json':
      return { contentType: 'application/json', body: JSON.stringify(statsJson(stats)) };
    case 'text':
    case '':
      return { contentType: 'text/plain; charset=UTF-8', body: statsText(stats) };
    default:
      throw new AdminRequestError(`usage: /stats?format=(text|json|prometheus), not ${query.format}`);
  }
}

const KINDS: Readonly<Record<string, Stat['kind']>> = { Counters: 'counter', Gauges: 'gauge', Histograms: 'histogram' };

function keeps(stat: Stat, query: StatsQuery): boolean {
  if (query.usedOnly && !stat.cell.used) return false;
  if (query.keepsName && !query.keepsName(stat.name.text)) return false;
  return query.type === '' || query.type === 'All' || KINDS[query.type] === stat.kind;
}
