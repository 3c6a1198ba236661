// Fractions of requests: what part a configuration names, and whether chance puts a request in it.
import type { RuntimeFractionalPercent } from '@meltemi/api/envoy/config/core/v3/base_pb';
import {
  type FractionalPercent,
  FractionalPercent_DenominatorType as Denominator,
} from '@meltemi/api/envoy/type/v3/percent_pb';
import type { Dice } from '@meltemi/base';

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
 * The one large number that serves every fraction and weight of a routing decision, an integer in [0, 2^53). Each takes
 * its remainder, as in Envoy: equal denominators see the same number, unequal ones nearly independent numbers.
 */
export function rollChance(dice: Dice): number {
  return Math.floor(dice.roll() * 2 ** 21) * 2 ** 32 + Math.floor(dice.roll() * 2 ** 32);
}

/** True when the number of a routing decision falls in the fraction. */
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
