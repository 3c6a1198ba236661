// Makes the id of a request: a UUID of version 4 (RFC 9562 §5.4). It is a name, not a secret.
import type { Dice } from '@meltemi/base';

const BYTE_HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function requestId(dice: Dice): string {
  const a = word(dice);
  const b = word(dice);
  const c = word(dice);
  const d = word(dice);
  const versioned = (b & 0xffff0fff) | 0x4000;
  const variant = (c & 0x3fffffff) | 0x80000000;
  return `${hex(a >>> 16)}${hex(a)}-${hex(versioned >>> 16)}-${hex(versioned)}-${hex(variant >>> 16)}-${hex(variant)}${hex(d >>> 16)}${hex(d)}`;
}

function word(dice: Dice): number {
  return (dice.roll() * 4294967296) >>> 0;
}

/** The low 16 bits. */
function hex(value: number): string {
  return BYTE_HEX[(value >>> 8) & 0xff]! + BYTE_HEX[value & 0xff]!;
}
