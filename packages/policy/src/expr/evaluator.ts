// What an expression is compiled to: functions from attributes to a value.
import type { AttributeReader } from '../attributes/attribute-bag.ts';
import type { Value } from '../values/value.ts';

import type { Typed } from './check.ts';

/** Throws ExpressionError EVALUATION. */
export type Evaluator = (attributes: AttributeReader) => Value;

/** Undefined where what it needs is absent. */
export type OptionalEvaluator = (attributes: AttributeReader) => Value | undefined;

/** The two ways to compile a part: `strict` where a value is needed, `optional` on the left side of `|`. */
export interface Compiler {
  strict(typed: Typed): Evaluator;
  optional(typed: Typed): OptionalEvaluator;
}
