// The text of an expression → its type and a function from attributes to its value: closures, made once.
import type { Vocabulary } from '../attributes/vocabulary.ts';
import type { ValueType } from '../values/value-type.ts';

import { checkExpression, type Typed, type TypedAttribute, type TypedCall } from './check.ts';
import { compileCall } from './compile-call.ts';
import { compileComparison } from './compile-comparison.ts';
import { compileIndex, compileOptionalIndex } from './compile-map.ts';
import type { Compiler, Evaluator, OptionalEvaluator } from './evaluator.ts';
import { ExpressionError } from './expression-error.ts';
import { parseExpression } from './parse.ts';

export interface CompiledExpression {
  readonly text: string;
  readonly type: ValueType;
  readonly evaluate: Evaluator;
}

/** Reads bags of this vocabulary only. Throws ExpressionError PARSE or TYPE. */
export function compileExpression(text: string, vocabulary: Vocabulary): CompiledExpression {
  const typed = checkExpression(parseExpression(text), vocabulary);
  return { text, type: typed.type, evaluate: compile(typed) };
}

/** A value is needed: absence is an error. */
function compile(typed: Typed): Evaluator {
  switch (typed.kind) {
    case 'constant': {
      const { value } = typed.expression;
      return () => value;
    }
    case 'attribute':
      return compileAttribute(typed);
    case 'call':
      return compileStrictCall(typed);
  }
}

/** The left side of `|`: attributes, map entries and further `|` may be absent; in anything else absence is an error. */
function compileOptional(typed: Typed): OptionalEvaluator {
  if (typed.kind === 'attribute') return (attributes) => attributes.read(typed.slot);
  if (typed.kind === 'constant') return compile(typed);
  if (typed.name === 'INDEX') return compileOptionalIndex(typed, COMPILER);
  if (typed.name !== 'OR') return compile(typed);
  const [left, right] = [compileOptional(typed.args[0]!), compileOptional(typed.args[1]!)];
  return (attributes) => left(attributes) ?? right(attributes);
}

const COMPILER: Compiler = { strict: compile, optional: compileOptional };

function compileAttribute({ slot, expression }: TypedAttribute): Evaluator {
  // Made once: absence is ordinary, and an error's stack trace is dear.
  const absent = new ExpressionError('EVALUATION', `lookup failed: '${expression.name}'`, expression.place);
  return (attributes) => {
    const value = attributes.read(slot);
    if (value === undefined) throw absent;
    return value;
  };
}

function compileStrictCall(call: TypedCall): Evaluator {
  const [first, second, third] = call.args;
  switch (call.name) {
    case 'OR':
      return compileOr(compileOptional(first!), compile(second!));
    case 'LOR':
      return compileLogical(compile(first!), compile(second!), true);
    case 'LAND':
      return compileLogical(compile(first!), compile(second!), false);
    case 'INDEX':
      return compileIndex(call, COMPILER);
    case 'conditional':
      return compileConditional(compile(first!), compile(second!), compile(third!));
    case 'EQ':
    case 'NEQ':
    case 'LT':
    case 'LEQ':
    case 'GT':
    case 'GEQ':
      return compileComparison(call, COMPILER);
    default:
      return compileCall(call, COMPILER);
  }
}

function compileOr(left: OptionalEvaluator, right: Evaluator): Evaluator {
  return (attributes) => left(attributes) ?? right(attributes);
}

/** The right side is evaluated only when the left does not decide. */
function compileLogical(left: Evaluator, right: Evaluator, deciding: boolean): Evaluator {
  return (attributes) => (left(attributes) === deciding ? deciding : right(attributes));
}

function compileConditional(condition: Evaluator, yes: Evaluator, no: Evaluator): Evaluator {
  return (attributes) => (condition(attributes) === true ? yes(attributes) : no(attributes));
}
