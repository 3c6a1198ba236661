// The adapter that writes log entries and metrics as lines of JSON.
import type { Clock } from '@meltemi/base';

import { formatTimestamp } from '../values/timestamp-text.ts';
import { formatValue } from '../values/format-value.ts';
import { isTimestamp, type Value } from '../values/value.ts';

import type { Handler, LogEntry, Metric, ReportInstance } from './adapter.ts';
import type { SpecReader } from './spec-reader.ts';

const LEVELS = ['INFO', 'WARNING', 'ERROR'] as const;

type Level = (typeof LEVELS)[number];

/** Takes a line with its end. */
export type LineSink = (line: string) => void;

interface StdioConfig {
  /** Levels of severities that are no level themselves. */
  readonly severities: ReadonlyMap<string, Level>;
  readonly metricLevel: Level;
  readonly outputLevel: Level;
}

export function stdio(spec: SpecReader, write: LineSink, clock: Clock): Handler {
  const severities = Object.entries(spec.fields('severityLevels')).map(
    ([name, level]) => [name, levelOf(level)] as const,
  );
  const config: StdioConfig = {
    severities: new Map(severities),
    metricLevel: spec.oneOf('metricLevel', LEVELS),
    outputLevel: spec.oneOf('outputLevel', LEVELS),
  };
  const now = (): string => formatTimestamp(BigInt(Math.trunc(clock.now())) * 1_000_000n);
  return {
    templates: ['logentry', 'metric'],
    report: (instance) => writeInstance(instance, config, write, now),
  };
}

function writeInstance(instance: ReportInstance, config: StdioConfig, write: LineSink, now: () => string): void {
  if (instance.template === 'logentry') writeEntry(instance, config, write, now);
  if (instance.template === 'metric' && isWritten(config.metricLevel, config)) {
    write(lineOf(config.metricLevel, now(), instance.name, metricFields(instance)));
  }
}

function writeEntry(entry: LogEntry, config: StdioConfig, write: LineSink, now: () => string): void {
  const level = config.severities.get(entry.severity) ?? levelOf(entry.severity);
  if (!isWritten(level, config)) return;
  const at = entry.timestamp;
  const time = typeof at === 'object' && isTimestamp(at) ? formatTimestamp(at.nanoseconds) : now();
  write(lineOf(level, time, entry.name, entry.variables));
}

function metricFields(metric: Metric): ReadonlyMap<string, Value> {
  return new Map([['value', metric.value], ...metric.dimensions]);
}

function lineOf(level: Level, time: string, instance: string, fields: ReadonlyMap<string, Value>): string {
  const sorted = [...fields]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, jsonOf(value)] as const);
  const line = { level: level.toLowerCase(), time, instance, ...Object.fromEntries(sorted) };
  return `${JSON.stringify(line)}\n`;
}

/** Integers that a number can't hold are texts. */
function jsonOf(value: Value): unknown {
  if (typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  return value instanceof Map ? Object.fromEntries(value) : formatValue(value);
}

function isWritten(level: Level, { outputLevel }: StdioConfig): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(outputLevel);
}

function levelOf(severity: unknown): Level {
  const upper = String(severity).toUpperCase();
  return LEVELS.find((level) => level === upper) ?? 'INFO';
}
