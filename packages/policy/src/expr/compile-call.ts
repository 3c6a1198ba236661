// A call of a function, or `+` → an evaluator that names the place when the function refuses its arguments.
import { ExternError } from '../externs/extern-error.ts';
import { EXTERNS } from '../externs/externs.ts';
import { matchPredicate, regexPredicate } from '../externs/text-match.ts';
import type { Value } from '../values/value.ts';

import type { TypedCall } from './check.ts';
import type { Compiler, Evaluator } from './evaluator.ts';
import type { Expression } from './expression.ts';
import { ExpressionError } from './expression-error.ts';

export function compileCall(call: TypedCall, compiler: Compiler): Evaluator {
  const args = call.args.map((argument) => compiler.strict(argument));
  if (call.name === 'ADD') return compileAddition(args);
  if (call.name === 'matches') return compilePattern(call, args, 0, regexPredicate);
  if (call.name === 'match') return compilePattern(call, args, 1, matchPredicate);
  return compileExtern(call, args);
}

/** Runs a step of evaluation; a refusal gets the place of the call. */
export function located<Result>(expression: Expression, step: () => Result): Result {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof ExternError)) throw error;
    throw new ExpressionError('EVALUATION', error.message, expression.place);
  }
}

function compileExtern(call: TypedCall, args: readonly Evaluator[]): Evaluator {
  const extern = EXTERNS[call.name]!;
  const evaluate: Evaluator = (attributes) => {
    const values = args.map((argument) => argument(attributes));
    return located(call.expression, () => extern.call(...values));
  };
  return call.args.every(({ kind }) => kind === 'constant') ? once(evaluate) : evaluate;
}

/** The value of constants stays; their error comes each time, when it is asked for. */
function once(evaluate: Evaluator): Evaluator {
  let known: Value | undefined;
  return (attributes) => (known ??= evaluate(attributes));
}

function compileAddition([left, right]: readonly Evaluator[]): Evaluator {
  return (attributes) => {
    const [a, b] = [left!(attributes), right!(attributes)];
    // 64-bit integers wrap around, as Go's do.
    return typeof a === 'bigint' ? BigInt.asIntN(64, a + (b as bigint)) : (a as string) + (b as string);
  };
}

/** A pattern is compiled when it is first used, and kept while it stays the same. */
function compilePattern(
  call: TypedCall,
  [first, second]: readonly Evaluator[],
  patternAt: 0 | 1,
  predicate: (pattern: string) => (text: string) => boolean,
): Evaluator {
  let known: Value | undefined;
  let test: (text: string) => boolean;
  return (attributes) => {
    const values = [first!(attributes) as string, second!(attributes) as string];
    const wanted = values[patternAt]!;
    if (known !== wanted) {
      test = located(call.expression, () => predicate(wanted));
      known = wanted;
    }
    return test(values[1 - patternAt]!);
  };
}
