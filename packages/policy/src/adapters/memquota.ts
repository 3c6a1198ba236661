// The adapter that keeps quotas in memory: one window for each quota and combination of dimensions.
import type { Clock } from '@meltemi/base';

import { formatValue } from '../values/format-value.ts';

import type { Handler, Quota, QuotaArgs, QuotaResult } from './adapter.ts';
import { ExpiringCache } from './expiring-cache.ts';
import { FixedAmount, FixedWindow, type QuotaWindow, RollingWindow } from './quota-window.ts';
import type { SpecReader } from './spec-reader.ts';

const ALGORITHMS = ['ROLLING_WINDOW', 'FIXED_WINDOW'] as const;

interface Limit {
  readonly maxAmount: number;
  /** 0: the amount never comes back. */
  readonly lengthMs: number;
  readonly algorithm: (typeof ALGORITHMS)[number];
}

/** A limit for those dimensions that have all of these values. */
interface Override extends Limit {
  readonly dimensions: readonly (readonly [string, string])[];
}

interface QuotaLimits {
  readonly name: string;
  readonly base: Limit;
  readonly overrides: readonly Override[];
}

export function memquota(spec: SpecReader, clock: Clock): Handler {
  const quotas = spec.objects('quotas').map(readQuota);
  const store = new QuotaStore(clock, quotas, spec.durationMs('minDeduplicationDuration', 1000));
  return { templates: ['quota'], quota: (instance, args) => store.take(instance, args) };
}

/** The windows, and the answers to requests that may come again. */
class QuotaStore {
  readonly #clock: Clock;
  readonly #quotas: readonly QuotaLimits[];
  readonly #windows: ExpiringCache<QuotaWindow>;
  readonly #answers: ExpiringCache<QuotaResult>;

  constructor(clock: Clock, quotas: readonly QuotaLimits[], deduplicationMs: number) {
    this.#clock = clock;
    this.#quotas = quotas;
    const limits = quotas.flatMap(({ base, overrides }) => [base, ...overrides]);
    // A window that nobody used for twice its length is as a new one; an amount for good is never forgotten.
    const longest = limits.some(({ lengthMs }) => lengthMs === 0)
      ? Infinity
      : Math.max(0, ...limits.map(({ lengthMs }) => lengthMs));
    this.#windows = new ExpiringCache(2 * longest);
    this.#answers = new ExpiringCache(deduplicationMs);
  }

  take(instance: Quota, args: QuotaArgs): QuotaResult {
    const answer = (): QuotaResult => this.#grant(instance, args);
    if (args.deduplicationId === '') return answer();
    const key = `${args.deduplicationId}\0${instance.name}`;
    return this.#answers.get(key, this.#clock.monotonic(), false, answer);
  }

  #grant(instance: Quota, { amount, bestEffort }: QuotaArgs): QuotaResult {
    const quota = this.#quotas.find(({ name }) => isNamed(instance.name, name));
    if (!quota) return { granted: 0, validDurationMs: 0 };
    const dimensions = new Map([...instance.dimensions].map(([name, value]) => [name, formatValue(value)] as const));
    const limit = quota.overrides.find((override) => applies(override, dimensions)) ?? quota.base;
    const nowMs = this.#clock.monotonic();
    const key = JSON.stringify([quota.name, ...[...dimensions].sort(([a], [b]) => (a < b ? -1 : 1))]);
    const window = this.#windows.get(key, nowMs, true, () => openWindow(limit));
    const wanted = Math.max(0, Math.trunc(amount));
    return { granted: window.take(wanted, bestEffort, nowMs), validDurationMs: limit.lengthMs };
  }
}

function openWindow({ maxAmount, lengthMs, algorithm }: Limit): QuotaWindow {
  if (lengthMs === 0) return new FixedAmount(maxAmount);
  return algorithm === 'FIXED_WINDOW' ? new FixedWindow(maxAmount, lengthMs) : new RollingWindow(maxAmount, lengthMs);
}

function applies({ dimensions }: Override, given: ReadonlyMap<string, string>): boolean {
  return dimensions.every(([name, value]) => given.get(name) === value);
}

/** `requestcount.quota.istio-system` is also named `requestcount`. */
function isNamed(instance: string, name: string): boolean {
  return instance === name || instance.startsWith(`${name}.`);
}

function readQuota(spec: SpecReader): QuotaLimits {
  const name = spec.text('name');
  if (name === '') spec.refuse('name', 'is required');
  const base = readLimit(spec);
  const overrides = spec.objects('overrides').map((override): Override => {
    const dimensions = Object.entries(override.fields('dimensions')).map(
      ([key, value]) => [key, String(value)] as const,
    );
    return { ...readLimit(override), dimensions };
  });
  return { name, base, overrides };
}

function readLimit(spec: SpecReader): Limit {
  const maxAmount = spec.integer('maxAmount', 0);
  const lengthMs = spec.durationMs('validDuration', 0);
  if (maxAmount < 0) spec.refuse('maxAmount', 'must not be negative');
  if (lengthMs < 0) spec.refuse('validDuration', 'must not be negative');
  return {
    maxAmount: Math.max(0, maxAmount),
    lengthMs: Math.max(0, lengthMs),
    algorithm: spec.oneOf('rateLimitAlgorithm', ALGORITHMS),
  };
}
