// Reads samples out of Prometheus' text format.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
import type { Labels } from '@meltemi/base';

/** One line: `name{labels} value`. */
export interface PrometheusSample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

/** The text is not of this format. */
export class PrometheusTextError extends Error {
  readonly code = 'BAD_PROMETHEUS_TEXT';
  readonly line: number;

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.name = 'PrometheusTextError';
    this.line = line;
  }
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\\n]|\\.)*)"[ \t]*(,?)/y;
const VALUE = /[ \t]*(\S+)(?:[ \t]+-?\d+)?[ \t]*$/y;
const ESCAPED: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };

/** All samples in their order; comments and blank lines are skipped. Throws PrometheusTextError. */
export function parsePrometheus(text: string): readonly PrometheusSample[] {
  return text.split('\n').flatMap((line, index) => {
    const trimmed = line.trim();
    return trimmed === '' || trimmed.startsWith('#') ? [] : [sampleOf(trimmed, index + 1)];
  });
}

function sampleOf(line: string, number: number): PrometheusSample {
  NAME.lastIndex = 0;
  const name = NAME.exec(line)?.[0];
  if (name === undefined) throw new PrometheusTextError(number, 'a metric has no name');
  const [labels, end] = line[name.length] === '{' ? labelsOf(line, name.length + 1, number) : [{}, name.length];
  VALUE.lastIndex = end;
  const value = numberOf(VALUE.exec(line)?.[1]);
  if (value === undefined) throw new PrometheusTextError(number, `${name} has no value`);
  return { name, labels, value };
}

/** The labels, and where they end. */
function labelsOf(line: string, start: number, number: number): readonly [Labels, number] {
  const labels: Record<string, string> = Object.create(null) as Record<string, string>;
  let at = start;
  for (;;) {
    while (line[at] === ' ' || line[at] === '\t') at++;
    if (line[at] === '}') return [labels, at + 1];
    LABEL.lastIndex = at;
    const match = LABEL.exec(line);
    if (!match || (match[3] === '' && line[LABEL.lastIndex] !== '}')) {
      throw new PrometheusTextError(number, `a label is not well-formed at column ${at + 1}`);
    }
    labels[match[1]!] = match[2]!.replaceAll(/\\(.)/g, (whole, letter: string) => ESCAPED[letter] ?? whole);
    at = LABEL.lastIndex;
  }
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const infinite = /^([+-]?)Inf$/i.exec(text);
  if (infinite) return infinite[1] === '-' ? -Infinity : Infinity;
  if (text === 'NaN') return Number.NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}
