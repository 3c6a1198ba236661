// `map[key]` → an evaluator that looks up one entry where it is: maps are never copied, and only that key is noted as read.
import type { AttributeReader } from '../attributes/attribute-bag.ts';

import type { Typed, TypedAttribute, TypedCall } from './check.ts';
import type { Compiler, Evaluator, OptionalEvaluator } from './evaluator.ts';
import { ExpressionError } from './expression-error.ts';

/** The slot of the map that an expression stands for. */
type MapSource = (attributes: AttributeReader) => number;
type OptionalMapSource = (attributes: AttributeReader) => number | undefined;

/** `emptyStringMap()` has no slot and no entries. */
const EMPTY = -1;

export function compileIndex(call: TypedCall, compiler: Compiler): Evaluator {
  const map = mapSource(call.args[0]!, compiler);
  const key = compiler.strict(call.args[1]!);
  return (attributes) => {
    const slot = map(attributes);
    const name = key(attributes) as string;
    const value = slot === EMPTY ? undefined : attributes.lookup(slot, name);
    if (value !== undefined) return value;
    throw new ExpressionError('EVALUATION', `member lookup failed: '${name}'`, call.expression.place);
  };
}

/** Undefined where the map, the key or the entry is absent. */
export function compileOptionalIndex(call: TypedCall, compiler: Compiler): OptionalEvaluator {
  const map = optionalMapSource(call.args[0]!, compiler);
  const key = compiler.optional(call.args[1]!);
  return (attributes) => {
    const slot = map(attributes);
    if (slot === undefined) return undefined;
    const name = key(attributes);
    return name === undefined || slot === EMPTY ? undefined : attributes.lookup(slot, name as string);
  };
}

function mapSource(typed: Typed, compiler: Compiler): MapSource {
  if (typed.kind === 'attribute') return presentMap(typed);
  const [first, second, third] = (typed as TypedCall).args;
  switch ((typed as TypedCall).name) {
    case 'OR': {
      const [left, right] = [optionalMapSource(first!, compiler), mapSource(second!, compiler)];
      return (attributes) => left(attributes) ?? right(attributes);
    }
    case 'conditional': {
      const condition = compiler.strict(first!);
      const [yes, no] = [mapSource(second!, compiler), mapSource(third!, compiler)];
      return (attributes) => (condition(attributes) === true ? yes(attributes) : no(attributes));
    }
    default:
      return () => EMPTY;
  }
}

function optionalMapSource(typed: Typed, compiler: Compiler): OptionalMapSource {
  if (typed.kind === 'attribute') {
    return (attributes) => (attributes.has(typed.slot) ? typed.slot : undefined);
  }
  if (typed.kind !== 'call' || typed.name !== 'OR') return mapSource(typed, compiler);
  const [left, right] = [optionalMapSource(typed.args[0]!, compiler), optionalMapSource(typed.args[1]!, compiler)];
  return (attributes) => left(attributes) ?? right(attributes);
}

function presentMap({ slot, expression }: TypedAttribute): MapSource {
  const absent = new ExpressionError('EVALUATION', `lookup failed: '${expression.name}'`, expression.place);
  return (attributes) => {
    if (!attributes.has(slot)) throw absent;
    return slot;
  };
}
