// Turns a roll of the dice into 64 bits, for requests that nothing was hashed of.
import type { Dice, Hash64 } from '@meltemi/base';

export function rollHash(dice: Dice): Hash64 {
  return { high: Math.floor(dice.roll() * 0x1_0000_0000), low: Math.floor(dice.roll() * 0x1_0000_0000) };
}
