// The name of an adapter and its configuration → a handler.
import type { Clock, Dice, Logger } from '@meltemi/base';

import type { Handler } from './adapter.ts';
import { denier } from './denier.ts';
import { listchecker } from './listchecker.ts';
import { memquota } from './memquota.ts';
import { noop } from './noop.ts';
import { prometheus } from './prometheus.ts';
import type { MetricRegistry } from './metric-registry.ts';
import type { SpecReader } from './spec-reader.ts';
import { redisquota } from './redisquota.ts';
import { statsd } from './statsd.ts';
import { type LineSink, stdio } from './stdio.ts';

/** What adapters need of the world. */
export interface AdapterWorld {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
  readonly write: LineSink;
  /** What the adapter prometheus counts in. */
  readonly metrics: MetricRegistry;
}

const ADAPTERS = {
  denier,
  listchecker,
  memquota: (spec, world) => memquota(spec, world.clock),
  noop,
  prometheus: (spec, world) => prometheus(spec, world.metrics),
  redisquota: (spec, world) => redisquota(spec, world.clock, world.logger),
  statsd: (spec, world) => statsd(spec, world.clock, world.dice),
  stdio: (spec, world) => stdio(spec, world.write, world.clock),
} satisfies Readonly<Record<string, (spec: SpecReader, world: AdapterWorld) => Handler>>;

export type AdapterName = keyof typeof ADAPTERS;

export const ADAPTER_NAMES = Object.keys(ADAPTERS) as readonly AdapterName[];

export function isAdapter(name: string): name is AdapterName {
  return Object.hasOwn(ADAPTERS, name);
}

export function createHandler(adapter: AdapterName, spec: SpecReader, world: AdapterWorld): Handler {
  return ADAPTERS[adapter](spec, world);
}
