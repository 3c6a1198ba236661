// The configuration of envoyproxy/ratelimit, as YAML → limits by descriptors, and what is wrong with it.
// https://github.com/envoyproxy/ratelimit#configuration
import type { Problem } from '@meltemi/base';
import type { LocatedDocument } from '@meltemi/config';

import { documentReader } from '../adapters/document-reader.ts';
import type { SpecReader } from '../adapters/spec-reader.ts';

import { exactKey, type LimitNode, NO_LIMITS, type RateLimit } from './rate-limit-tree.ts';

const SECOND = 1000;
const DAY = 86_400 * SECOND;
const UNITS = {
  second: SECOND,
  minute: 60 * SECOND,
  hour: 3600 * SECOND,
  day: DAY,
  week: 7 * DAY,
  month: 30 * DAY,
  year: 365 * DAY,
} as const;
const UNIT_NAMES = Object.keys(UNITS) as readonly (keyof typeof UNITS)[];

export interface DomainLimits {
  readonly domain: string;
  readonly tree: LimitNode;
  readonly problems: readonly Problem[];
}

/** `detailed_metric` has no effect: limits are not counted in statistics of their own. */
export function readDomain(document: LocatedDocument): DomainLimits {
  const problems: Problem[] = [];
  const file = documentReader(document, problems);
  file.only(['domain', 'descriptors']);
  const domain = file.text('domain');
  if (domain === '') file.refuse('domain', 'is required');
  return { domain, tree: readNode(file), problems };
}

function readNode(reader: SpecReader): LimitNode {
  const [exact, any] = [new Map<string, LimitNode>(), new Map<string, LimitNode>()];
  const prefixes: { key: string; prefix: string; node: LimitNode }[] = [];
  for (const child of reader.objects('descriptors')) {
    child.only(['key', 'value', 'rate_limit', 'descriptors', 'shadow_mode', 'detailed_metric']);
    const [key, value] = [child.text('key'), child.text('value')];
    if (key === '') child.refuse('key', 'is required');
    const known = value === '' ? any.has(key) : exact.has(exactKey({ key, value }));
    if (known) child.refuse('key', `${JSON.stringify(key)} has this value twice`);
    const node = readNode(child);
    if (value === '') any.set(key, node);
    else if (value.endsWith('*')) prefixes.push({ key, prefix: value.slice(0, -1), node });
    else exact.set(exactKey({ key, value }), node);
  }
  return { ...NO_LIMITS, limit: readLimit(reader), exact, any, prefixes };
}

function readLimit(descriptor: SpecReader): RateLimit | 'unlimited' | undefined {
  if (!descriptor.has('rate_limit')) return undefined;
  const reader = descriptor.object('rate_limit');
  reader.only(['unit', 'requests_per_unit', 'unlimited', 'name']);
  if (reader.flag('unlimited')) return 'unlimited';
  const requests = reader.integer('requests_per_unit', 0);
  if (requests < 0) reader.refuse('requests_per_unit', 'must not be negative');
  const unit = reader.text('unit').toLowerCase();
  const found = UNIT_NAMES.find((name) => name === unit);
  if (!found) reader.refuse('unit', `must be one of ${UNIT_NAMES.join(', ')}`);
  return {
    requests: Math.max(0, requests),
    lengthMs: UNITS[found ?? 'second'],
    name: reader.text('name'),
    shadow: descriptor.flag('shadow_mode'),
  };
}
