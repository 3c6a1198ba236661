// Fractions of requests: what part a configuration names, and whether chance puts a request in it.
import type { RuntimeFractionalPercent } from '@meltemi/api/envoy/config/core/v3/base_pb';
import {
  type FractionalPercent,
  FractionalPercent_DenominatorType as Denominator,
} from '@meltemi/api/envoy/type/v3/percent_pb';

/** Parts in whole: `{ numerator: 5, denominator: 100 }`. */
export interface Fraction {
  readonly numerator: number;
  readonly denominator: number;
}

export const ALWAYS: Fraction = { numerator: 100, denominator: 100 };

const DENOMINATOR: Readonly<Record<Denominator, number>> = {
  [Denominator.HUNDRED]: 100,
  [Denominator.TEN_THOUSAND]: 10_000,
  [Denominator.MILLION]: 1_000_000,
};

/** An absent percentage is none. */
export function fractionOf(percent: FractionalPercent | undefined): Fraction {
  return { numerator: percent?.numerator ?? 0, denominator: DENOMINATOR[percent?.denominator ?? Denominator.HUNDRED] };
}

/** An absent runtime fraction is all. There is no runtime layer: the default counts. */
export function runtimeFraction(fraction: RuntimeFractionalPercent | undefined): Fraction {
  return fraction ? fractionOf(fraction.defaultValue) : ALWAYS;
}

/**
 * True when the number of a routing decision (`rollInteger`) falls in the fraction. One number serves every fraction and
 * weight of a decision; each takes its remainder, as in Envoy: equal denominators see the same one, others nearly
 * independent ones.
 */
export function includes(fraction: Fraction, chance: number): boolean {
  return chance % fraction.denominator < fraction.numerator;
}

/** True when a roll in [0, 1), made for this fraction alone, falls in it. */
export function falls(roll: number, fraction: Fraction): boolean {
  return roll * fraction.denominator < fraction.numerator;
}

/** True when no roll is needed. */
export function isAlways(fraction: Fraction): boolean {
  return fraction.numerator >= fraction.denominator;
}

export function formatFraction({ numerator, denominator }: Fraction): string {
  return `${(numerator * 100) / denominator} %`;
}
