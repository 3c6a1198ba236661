// Expressions that were compiled, by vocabulary and text: a change of one rule compiles one rule.
import type { Vocabulary } from '../attributes/vocabulary.ts';

import { type CompiledExpression, compileExpression } from './compile.ts';

/** Of those that are not used any more, too; then all begins anew. */
const MAX_KEPT = 50_000;

const kept = new WeakMap<Vocabulary, Map<string, CompiledExpression>>();

/** Throws ExpressionError, as compiling does. */
export function compiledExpression(text: string, vocabulary: Vocabulary): CompiledExpression {
  const known = kept.get(vocabulary) ?? new Map<string, CompiledExpression>();
  if (known.size >= MAX_KEPT) known.clear();
  kept.set(vocabulary, known);
  const found = known.get(text) ?? compileExpression(text, vocabulary);
  known.set(text, found);
  return found;
}
