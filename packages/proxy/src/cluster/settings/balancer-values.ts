// Turns the options of single balancers, in either of their messages, into settings with Envoy's defaults and limits.
import type { Duration } from '@bufbuild/protobuf/wkt';
import type { RuntimeDouble } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { Percent } from '@meltemi/api/envoy/type/v3/percent_pb';
import { durationToMs } from '@meltemi/base';
import type { SlowStart } from '../balance/slow-start.ts';
import type { LeastRequestSettings, MaglevSettings, RingSettings } from './balancer-settings.ts';
import { ClusterConfigError } from './cluster-config-error.ts';

/** Envoy's limits of a ring and of a Maglev table: 8 Mi points, 5000011 slots. */
const RING_LIMIT = 8_388_608;
const TABLE_LIMIT = 5_000_011;

interface SlowStartMessage {
  readonly slowStartWindow?: Duration | undefined;
  readonly aggression?: RuntimeDouble | undefined;
  readonly minWeightPercent?: Percent | undefined;
}

export function slowStartOf(config: SlowStartMessage | undefined): SlowStart | undefined {
  const windowMs = config?.slowStartWindow ? durationToMs(config.slowStartWindow) : 0;
  if (!config || windowMs === 0) return undefined;
  const aggression = config.aggression?.defaultValue ?? 1;
  if (aggression <= 0) throw new ClusterConfigError('BAD_VALUE', `slow start: aggression ${aggression} is not above 0`);
  return { windowMs, aggression, minimum: (config.minWeightPercent?.value ?? 10) / 100 };
}

interface LeastRequestMessage {
  readonly choiceCount?: number | undefined;
  readonly activeRequestBias?: RuntimeDouble | undefined;
  readonly slowStartConfig?: SlowStartMessage | undefined;
}

export function leastRequestSettings(config: LeastRequestMessage, fullScan: boolean): LeastRequestSettings {
  const choices = config.choiceCount ?? 2;
  if (choices < 2) throw new ClusterConfigError('BAD_VALUE', 'choice_count is less than 2');
  const bias = config.activeRequestBias?.defaultValue ?? 1;
  if (bias < 0) throw new ClusterConfigError('BAD_VALUE', `active_request_bias ${bias} is negative`);
  return { kind: 'least-request', choices, bias, fullScan, slowStart: slowStartOf(config.slowStartConfig) };
}

interface HashingMessage {
  readonly useHostnameForHashing: boolean;
  readonly hashBalanceFactor?: number | undefined;
}

interface RingMessage {
  readonly minimumRingSize?: bigint | undefined;
  readonly maximumRingSize?: bigint | undefined;
}

export function ringSettings(config: RingMessage, murmur: boolean, hashing: HashingMessage | undefined): RingSettings {
  const minimum = Number(config.minimumRingSize ?? 1024n);
  const maximum = Number(config.maximumRingSize ?? BigInt(RING_LIMIT));
  if (minimum > maximum || maximum > RING_LIMIT || maximum < 1) {
    throw new ClusterConfigError('BAD_VALUE', `ring size ${minimum} to ${maximum} is not within 1 to ${RING_LIMIT}`);
  }
  return { kind: 'ring-hash', minimum: Math.max(1, minimum), maximum, murmur, ...hashKeys(hashing) };
}

interface MaglevMessage {
  readonly tableSize?: bigint | undefined;
}

export function maglevSettings(config: MaglevMessage, hashing: HashingMessage | undefined): MaglevSettings {
  const size = Number(config.tableSize ?? 65537n);
  if (size > TABLE_LIMIT || !isPrime(size)) {
    throw new ClusterConfigError('BAD_VALUE', `Maglev table size ${size} is not a prime up to ${TABLE_LIMIT}`);
  }
  return { kind: 'maglev', tableSize: size, ...hashKeys(hashing) };
}

function hashKeys(hashing: HashingMessage | undefined) {
  const balanceFactor = hashing?.hashBalanceFactor ?? 0;
  if (balanceFactor !== 0 && balanceFactor < 100) {
    throw new ClusterConfigError('BAD_VALUE', `hash_balance_factor ${balanceFactor} is less than 100`);
  }
  return { byHostname: hashing?.useHostnameForHashing ?? false, balanceFactor };
}

function isPrime(value: number): boolean {
  for (let divisor = 2; divisor * divisor <= value; divisor++) if (value % divisor === 0) return false;
  return value > 1;
}
