// The tree of an expression and a vocabulary → the same tree with types and slots, or Mixer's words on why not.
import type { Vocabulary } from '../attributes/vocabulary.ts';
import type { ValueType } from '../values/value-type.ts';

import type { Attribute, Call, Constant, Expression } from './expression.ts';
import { ExpressionError } from './expression-error.ts';
import { describeExpression } from './print.ts';
import { type Signature, signatureOf } from './signature.ts';

export type Typed = TypedConstant | TypedAttribute | TypedCall;

export interface TypedConstant {
  readonly kind: 'constant';
  readonly type: ValueType;
  readonly expression: Constant;
}

export interface TypedAttribute {
  readonly kind: 'attribute';
  readonly type: ValueType;
  readonly slot: number;
  readonly expression: Attribute;
}

/** A method's target is the first argument. */
export interface TypedCall {
  readonly kind: 'call';
  readonly type: ValueType;
  readonly name: string;
  readonly args: readonly Typed[];
  readonly expression: Call;
}

/** Throws ExpressionError TYPE. */
export function checkExpression(expression: Expression, vocabulary: Vocabulary): Typed {
  switch (expression.kind) {
    case 'constant':
      return { kind: 'constant', type: expression.type, expression };
    case 'attribute': {
      const known = vocabulary.find(expression.name);
      if (!known) throw refusal(expression, `unknown attribute ${expression.name}`);
      return { kind: 'attribute', type: known.type, slot: known.slot, expression };
    }
    case 'call':
      return checkCall(expression, vocabulary);
  }
}

function checkCall(call: Call, vocabulary: Vocabulary): Typed {
  const signature = signatureOf(call.name);
  if (!signature) throw refusal(call, `unknown function: ${call.name}`);
  const target = checkTarget(call, signature, vocabulary);
  const { args, variable } = checkArguments(call, signature, vocabulary);
  if (variable !== undefined && !signature.where.includes(variable)) {
    throw refusal(call, `${describeExpression(call)}: ${call.name} is not defined for ${variable}`);
  }
  const type = signature.returns === 'T' ? variable! : signature.returns;
  return { kind: 'call', type, name: call.name, args: target ? [target, ...args] : args, expression: call };
}

function checkTarget(call: Call, signature: Signature, vocabulary: Vocabulary): Typed | undefined {
  if (!call.target) {
    if (signature.target) throw refusal(call, `invoking instance method without an instance: ${call.name}`);
    return undefined;
  }
  if (!signature.target) throw refusal(call, `invoking regular function on instance method: ${call.name}`);
  const target = checkExpression(call.target, vocabulary);
  if (target.type === signature.target) return target;
  const text = `${describeExpression(call)} target typeError got ${target.type}, expected ${signature.target}`;
  throw refusal(call.target, text);
}

function checkArguments(
  call: Call,
  signature: Signature,
  vocabulary: Vocabulary,
): { readonly args: readonly Typed[]; readonly variable: ValueType | undefined } {
  const [given, expected] = [call.args.length, signature.params.length];
  if (given !== expected) {
    const arity = `arity mismatch. Got ${given} arg(s), expected ${expected} arg(s)`;
    throw refusal(call, `${describeExpression(call)} ${arity}`);
  }
  let variable: ValueType | undefined;
  const args = signature.params.map((param, index) => {
    const argument = checkExpression(call.args[index]!, vocabulary);
    if (param === 'T') variable ??= argument.type;
    expectType(call, index, argument, param === 'T' ? variable! : param);
    return argument;
  });
  return { args, variable };
}

function expectType(call: Call, index: number, argument: Typed, expected: ValueType): void {
  if (argument.type === expected) return;
  const [whole, part] = [describeExpression(call), describeExpression(argument.expression)];
  const text = `${whole} arg ${index + 1} (${part}) typeError got ${argument.type}, expected ${expected}`;
  throw refusal(argument.expression, text);
}

function refusal(expression: Expression, message: string): ExpressionError {
  return new ExpressionError('TYPE', message, expression.place);
}
