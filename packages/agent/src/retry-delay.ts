// Says how long to wait before asking again, so that many who lost the same server do not come back together.
import type { Dice } from '@meltemi/base';

const FIRST_MS = 100;
const MAX_MS = 10_000;

/** Milliseconds: doubles from 100 ms to 10 s; between half and all of it. `failures` counts from 0. */
export function retryDelay(failures: number, dice: Dice): number {
  return Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(failures, 10)) * (0.5 + dice.roll() / 2);
}
