// Turns a value of a Struct into the JSON text that Envoy makes of it: keys sorted, numbers as short as can be.
import type { JsonValue } from '@bufbuild/protobuf';

export function structText(value: JsonValue): string {
  if (typeof value === 'number') return numberText(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(structText).join(',')}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${structText(member)}`).join(',')}}`;
}

/** The shorter of `1760` and `1.76e+03`, the first where both are as long; an exponent has two digits or more. */
function numberText(value: number): string {
  if (!Number.isFinite(value)) return JSON.stringify(value);
  const fixed = Number.isInteger(value) && !Object.is(value, -0) ? BigInt(value).toString() : String(value);
  const scientific = value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  return fixed.length <= scientific.length && !fixed.includes('e') ? fixed : scientific;
}
