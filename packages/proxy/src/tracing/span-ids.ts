// Makes the identifiers of traces and spans: hex digits, never all zero.
import type { Dice } from '@meltemi/base';

/** 16 digits. */
export function spanId(dice: Dice): string {
  const id = word(dice) + word(dice);
  return /^0+$/.test(id) ? spanId(dice) : id;
}

function word(dice: Dice): string {
  return Math.floor(dice.roll() * 4_294_967_296)
    .toString(16)
    .padStart(8, '0');
}
