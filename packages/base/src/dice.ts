// Chance as a value: programs pass the machine's randomness, tests a seeded sequence.

/** A source of chance. */
export interface Dice {
  /** A number in [0, 1). */
  roll(): number;
}

/** A large number to take remainders of: an integer in [0, 2^53), from two rolls, since dice may show 32 bits only. */
export function rollInteger(dice: Dice): number {
  return Math.floor(dice.roll() * 2 ** 21) * 2 ** 32 + Math.floor(dice.roll() * 2 ** 32);
}

/** The runtime's generator: for balancing, jitter and faults, never for keys. */
export function systemDice(): Dice {
  return { roll: Math.random };
}

/** A repeatable sequence (mulberry32) for a 32-bit seed. */
export function seededDice(seed: number): Dice {
  let state = seed >>> 0;
  return {
    roll() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    },
  };
}
