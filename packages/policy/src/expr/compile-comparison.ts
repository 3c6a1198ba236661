// `==`, `!=` and the orders → evaluators made for the type that they compare.
import { EQUALITY } from '../externs/equality.ts';
import type { Duration, Timestamp, Value } from '../values/value.ts';
import type { ValueType } from '../values/value-type.ts';

import type { TypedCall } from './check.ts';
import { located } from './compile-call.ts';
import type { Compiler, Evaluator } from './evaluator.ts';

export function compileComparison(call: TypedCall, compiler: Compiler): Evaluator {
  const [first, second] = [call.args[0]!, call.args[1]!];
  const [left, right] = [compiler.strict(first), compiler.strict(second)];
  if (call.name !== 'EQ' && call.name !== 'NEQ') return compileOrder(call.name, first.type, left, right);
  const wanted = call.name === 'EQ';
  if (!isPrimitive(first.type)) return compileEquality(call, left, right, wanted);
  if (second.kind !== 'constant') return (attributes) => (left(attributes) === right(attributes)) === wanted;
  const { value } = second.expression;
  return (attributes) => (left(attributes) === value) === wanted;
}

function isPrimitive(type: ValueType): boolean {
  return type === 'STRING' || type === 'INT64' || type === 'DOUBLE' || type === 'BOOL';
}

function compileEquality(call: TypedCall, left: Evaluator, right: Evaluator, wanted: boolean): Evaluator {
  const equal = EQUALITY[call.args[0]!.type as keyof typeof EQUALITY];
  return (attributes) => {
    const [a, b] = [left(attributes), right(attributes)];
    return located(call.expression, () => equal(a, b)) === wanted;
  };
}

/** Whether a difference (negative, 0, positive) satisfies an order. */
const ORDER: Readonly<Record<string, (difference: number) => boolean>> = {
  LT: (difference) => difference < 0,
  LEQ: (difference) => difference <= 0,
  GT: (difference) => difference > 0,
  GEQ: (difference) => difference >= 0,
};

function compileOrder(name: string, type: ValueType, left: Evaluator, right: Evaluator): Evaluator {
  const holds = ORDER[name]!;
  const difference = type === 'STRING' ? compareTexts : compareNumbers;
  return (attributes) => {
    const a = left(attributes);
    return holds(difference(a, right(attributes)));
  };
}

/** By bytes, as Go compares. */
function compareTexts(left: Value, right: Value): number {
  return Buffer.compare(Buffer.from(left as string), Buffer.from(right as string));
}

/** NaN where one side is NaN: every order is false then. */
function compareNumbers(left: Value, right: Value): number {
  const [a, b] = [amount(left), amount(right)];
  if (a === b) return 0;
  if (a < b) return -1;
  return a > b ? 1 : Number.NaN;
}

function amount(value: Value): number | bigint {
  return typeof value === 'object' ? (value as Duration | Timestamp).nanoseconds : (value as number | bigint);
}
