// Answers `/stats` in Envoy's three forms, filtered as asked.
// https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--stats
import { PROMETHEUS_CONTENT_TYPE, prometheusText, type Stat, statsJson, statsText } from '@meltemi/telemetry';
import { AdminRequestError } from './admin-error.ts';
import { type AdminAnswer, flag, text } from './admin-page.ts';
import type { AdminView } from './admin-view.ts';
import { bucketJson, bucketLine, type BucketMode } from './histogram-buckets.ts';
import { nameFilter } from './name-filter.ts';

export function stats(view: AdminView, query: URLSearchParams): AdminAnswer {
  const picked = pick(view, query);
  switch (query.get('format') ?? 'text') {
    case 'prometheus':
      return prometheusAnswer(picked, query);
    case 'json':
      return { contentType: 'application/json', body: JSON.stringify(jsonBody(picked)) };
    case 'text':
      return text(textBody(picked));
    default:
      throw new AdminRequestError('usage: /stats?format=(json|prometheus|text)');
  }
}

export function prometheus(view: AdminView, query: URLSearchParams): AdminAnswer {
  return prometheusAnswer(pick(view, query), query);
}

/** What a query asks for. */
interface Picked {
  readonly readouts: readonly (readonly [name: string, text: string])[];
  readonly stats: readonly Stat[];
  /** Undefined: quantiles. */
  readonly buckets: BucketMode | undefined;
}

const KINDS: Readonly<Record<string, readonly (Stat['kind'] | 'text')[]>> = {
  All: ['counter', 'gauge', 'histogram', 'text'],
  Counters: ['counter'],
  Gauges: ['gauge'],
  Histograms: ['histogram'],
  TextReadouts: ['text'],
};

function pick(view: AdminView, query: URLSearchParams): Picked {
  const kinds = KINDS[query.get('type') ?? 'All'];
  if (!kinds) throw new AdminRequestError(`usage: /stats?type=(${Object.keys(KINDS).join('|')})`);
  const fits = nameFilter(query.get('filter'), false);
  const inverted = flag(query, 'invert_filter');
  const keeps = (name: string) => view.includesStat(name) && (!fits || fits(name) !== inverted);
  const usedOnly = flag(query, 'usedonly');
  return {
    readouts: kinds.includes('text')
      ? view.readouts.list().filter(([name, value]) => keeps(name) && !(usedOnly && value === ''))
      : [],
    stats: view.stats
      .list()
      .filter((stat) => kinds.includes(stat.kind) && keeps(stat.name.text) && !(usedOnly && !stat.cell.used)),
    buckets: bucketMode(query),
  };
}

function bucketMode(query: URLSearchParams): BucketMode | undefined {
  const mode = query.get('histogram_buckets') ?? '';
  if (mode === 'cumulative' || mode === 'disjoint') return mode;
  if (mode === '' || mode === 'none' || mode === 'summary') return undefined;
  throw new AdminRequestError('usage: /stats?histogram_buckets=(cumulative|disjoint|none|summary)');
}

/** Text readouts come first, as Envoy writes them. */
function textBody({ readouts, stats: picked, buckets }: Picked): string {
  const texts = readouts.map(([name, value]) => `${name}: "${value}"\n`).join('');
  if (!buckets) return texts + statsText(picked);
  const [numbers, histograms] = byKind(picked);
  return texts + statsText(numbers) + histograms.map((stat) => bucketLine(stat, buckets)).join('');
}

function jsonBody({ readouts, stats: picked, buckets }: Picked): object {
  const texts = readouts.map(([name, value]) => ({ name, value }));
  if (!buckets) return { stats: [...texts, ...statsJson(picked).stats] };
  const [numbers, histograms] = byKind(picked);
  const listed = histograms.map((stat) => bucketJson(stat, buckets));
  return { stats: [...texts, ...statsJson(numbers).stats, ...(listed.length > 0 ? [{ histograms: listed }] : [])] };
}

type HistogramStat = Extract<Stat, { kind: 'histogram' }>;

function byKind(picked: readonly Stat[]): readonly [readonly Stat[], readonly HistogramStat[]] {
  const histograms = picked.filter((stat) => stat.kind === 'histogram');
  return [picked.filter((stat) => stat.kind !== 'histogram'), histograms];
}

function prometheusAnswer({ readouts, stats: picked }: Picked, query: URLSearchParams): AdminAnswer {
  const texts = flag(query, 'text_readouts') ? readouts.map(readoutGauge).join('') : '';
  return { contentType: PROMETHEUS_CONTENT_TYPE, body: prometheusText(picked) + texts };
}

/** A gauge whose value says nothing and whose label has the text. */
function readoutGauge([name, value]: readonly [string, string]): string {
  const metric = `envoy_${name.replaceAll(/[^a-zA-Z0-9_]/g, '_')}`;
  const label = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `# TYPE ${metric} gauge\n${metric}{text_value="${label}"} 0\n`;
}
