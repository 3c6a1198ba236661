// The adapter that sends metrics to a StatsD daemon: instances → lines of UDP packets.
// https://github.com/statsd/statsd/blob/master/docs/metric_types.md
import { type Clock, type Dice, parseSocketAddress } from '@meltemi/base';

import { formatValue } from '../values/format-value.ts';
import { isDuration } from '../values/value.ts';

import type { Handler, Metric } from './adapter.ts';
import { numberValue } from './number-value.ts';
import { PacketBuffer } from './packet-buffer.ts';
import { PacketSender } from './packet-sender.ts';
import type { SpecReader } from './spec-reader.ts';

const TYPES = ['UNKNOWN', 'COUNTER', 'GAUGE', 'DISTRIBUTION'] as const;

interface StatsdMetric {
  readonly type: (typeof TYPES)[number];
  /** Names of dimensions in it stand as `{{.name}}`; empty: the instance's name. */
  readonly nameTemplate: string;
}

export function statsd(spec: SpecReader, clock: Clock, dice: Dice): Handler {
  const address = parseSocketAddress(spec.text('address', 'localhost:8125').replace(/^localhost:/, '127.0.0.1:'));
  if (!address) spec.refuse('address', 'must be HOST:PORT');
  const rate = spec.number('samplingRate', 1);
  if (!(rate > 0 && rate <= 1)) spec.refuse('samplingRate', 'must be above 0, and at most 1');
  const metrics = readMetrics(spec);
  const prefix = spec.text('prefix') === '' ? '' : `${spec.text('prefix')}.`;
  const sender = new PacketSender(address ?? { host: '127.0.0.1', port: 8125 });
  const buffer = new PacketBuffer({
    clock,
    flushMs: spec.durationMs('flushDuration', 300) || 300,
    maxBytes: spec.integer('flushBytes', 512) || 512,
    send: (packet) => sender.send(packet),
  });
  return {
    templates: ['metric'],
    report(instance) {
      const metric = instance.template === 'metric' ? metrics.get(instance.name) : undefined;
      if (!metric || (rate < 1 && dice.roll() >= rate)) return;
      const line = formatLine(metric, instance as Metric, rate);
      if (line !== undefined) buffer.add(prefix + line);
    },
    close() {
      buffer.close();
      sender.close();
    },
  };
}

function readMetrics(spec: SpecReader): ReadonlyMap<string, StatsdMetric> {
  const all = spec.object('metrics');
  const metrics = Object.keys(spec.fields('metrics')).map((instance) => {
    const metric = all.object(instance);
    const [type, nameTemplate] = [metric.oneOf('type', TYPES), metric.text('nameTemplate')];
    if (type === 'UNKNOWN') metric.refuse('type', 'must be COUNTER, GAUGE or DISTRIBUTION');
    if (/\{\{|\}\}/.test(nameTemplate.replaceAll(PLACE, ''))) metric.refuse('nameTemplate', 'has more than {{.name}}');
    return [instance, { type, nameTemplate }] as const;
  });
  return new Map(metrics);
}

const PLACE = /\{\{\s*\.([A-Za-z0-9_]+)\s*\}\}/g;

function formatLine({ type, nameTemplate }: StatsdMetric, metric: Metric, rate: number): string | undefined {
  const number = numberValue(metric.value);
  if (number === undefined) return undefined;
  const name = nameTemplate === '' ? metric.name : fillIn(nameTemplate, metric);
  const sampled = rate < 1 ? `|@${rate}` : '';
  if (type === 'GAUGE') return `${safe(name)}:${number}|g${sampled}`;
  if (type === 'COUNTER') return `${safe(name)}:${number}|c${sampled}`;
  const { value } = metric;
  const time = typeof value === 'object' && isDuration(value) ? number * 1000 : number;
  return `${safe(name)}:${time}|ms${sampled}`;
}

function fillIn(template: string, { dimensions }: Metric): string {
  return template.replaceAll(PLACE, (_, name: string) => {
    const value = dimensions.get(name);
    return value === undefined ? '<no value>' : formatValue(value);
  });
}

/** Dimensions come from requests: they must not begin another line or field. */
function safe(name: string): string {
  return name.replaceAll(/[:|@\n\r]/g, '_');
}
