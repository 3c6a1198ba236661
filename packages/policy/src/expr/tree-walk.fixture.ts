// The plainest reading of an expression, by its tree and attributes by name: what compiled expressions must agree with.
import { EQUALITY } from '../externs/equality.ts';
import { EXTERNS } from '../externs/externs.ts';
import type { StringMap, Value } from '../values/value.ts';
import type { ValueType } from '../values/value-type.ts';

import type { Call, Expression } from './expression.ts';

export type Attributes = ReadonlyMap<string, Value>;

/** Throws an Error with Mixer's words. */
export function walk(expression: Expression, attributes: Attributes): Value {
  const value = optional(expression, attributes);
  if (value !== undefined) return value;
  throw new Error(absence(expression, attributes));
}

function optional(expression: Expression, attributes: Attributes): Value | undefined {
  if (expression.kind === 'constant') return expression.value;
  if (expression.kind === 'attribute') return attributes.get(expression.name);
  const [first, second] = expression.args;
  if (expression.name === 'OR') return optional(first!, attributes) ?? optional(second!, attributes);
  if (expression.name !== 'INDEX') return walkCall(expression, attributes);
  const map = optional(first!, attributes);
  if (map === undefined) return undefined;
  const key = optional(second!, attributes);
  return key === undefined ? undefined : (map as StringMap).get(key as string);
}

/** Why there is no value: the part that was needed last. */
function absence(expression: Expression, attributes: Attributes): string {
  if (expression.kind !== 'call') return `lookup failed: '${(expression as { readonly name: string }).name}'`;
  const [first, second] = expression.args;
  if (expression.name === 'OR') return absence(second!, attributes);
  if (optional(first!, attributes) === undefined) return absence(first!, attributes);
  const key = optional(second!, attributes);
  return key === undefined ? absence(second!, attributes) : `member lookup failed: '${key as string}'`;
}

function walkCall(call: Call, attributes: Attributes): Value {
  const [first, second, third] = call.args;
  const value = (part: Expression | undefined): Value => walk(part!, attributes);
  if (call.name === 'LOR') return value(first) === true || value(second);
  if (call.name === 'LAND') return value(first) === true && value(second);
  if (call.name === 'conditional') return value(first) === true ? value(second) : value(third);
  if (call.target) return EXTERNS[call.name]!.call(value(call.target), value(first));
  const values = call.args.map(value);
  return EXTERNS[call.name]?.call(...values) ?? operate(call.name, values);
}

function operate(name: string, [left, right]: readonly Value[]): Value {
  if (name === 'ADD') return typeof left === 'string' ? left + (right as string) : sum(left!, right!);
  const equal = EQUALITY[typeOf(left!)](left!, right!);
  const less = number(left!) < number(right!);
  const more = number(left!) > number(right!);
  const outcomes: Readonly<Record<string, boolean>> = {
    EQ: equal,
    NEQ: !equal,
    LT: less,
    GT: more,
    LEQ: less || equal,
    GEQ: more || equal,
  };
  return outcomes[name]!;
}

function sum(left: Value, right: Value): Value {
  return typeof left === 'bigint' ? BigInt.asIntN(64, left + (right as bigint)) : (left as number) + (right as number);
}

function number(value: Value): number | bigint | string {
  return typeof value === 'object' && 'nanoseconds' in value ? value.nanoseconds : (value as number | bigint | string);
}

function typeOf(value: Value): Exclude<ValueType, 'STRING_MAP'> {
  if (value instanceof Uint8Array) return 'IP_ADDRESS';
  return typeof value === 'object' ? 'TIMESTAMP' : 'STRING';
}
