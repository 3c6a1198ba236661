// The tree of an expression: constants, attributes and calls; operators are calls with names in capitals.
import type { Value } from '../values/value.ts';
import type { ValueType } from '../values/value-type.ts';

import type { Place } from './expression-error.ts';

export type Expression = Constant | Attribute | Call;

export interface Constant {
  readonly kind: 'constant';
  readonly type: ValueType;
  readonly value: Value;
  /** As it is written, quotes included. */
  readonly text: string;
  readonly place: Place;
}

export interface Attribute {
  readonly kind: 'attribute';
  /** With dots: `request.headers`. */
  readonly name: string;
  readonly place: Place;
}

/** `f(args)`, `target.f(args)`, or an operator: `a == b` is EQ(a, b), `m["k"]` is INDEX(m, "k"). */
export interface Call {
  readonly kind: 'call';
  readonly name: string;
  readonly target?: Expression;
  readonly args: readonly Expression[];
  readonly place: Place;
}

/** Binary operators of Go's expression syntax, their names and how tight they bind (1 is the loosest). */
export const BINARY: Readonly<Record<string, { readonly name: string; readonly precedence: number }>> = {
  '||': { name: 'LOR', precedence: 1 },
  '&&': { name: 'LAND', precedence: 2 },
  '==': { name: 'EQ', precedence: 3 },
  '!=': { name: 'NEQ', precedence: 3 },
  '<': { name: 'LT', precedence: 3 },
  '<=': { name: 'LEQ', precedence: 3 },
  '>': { name: 'GT', precedence: 3 },
  '>=': { name: 'GEQ', precedence: 3 },
  '+': { name: 'ADD', precedence: 4 },
  '-': { name: 'SUB', precedence: 4 },
  '|': { name: 'OR', precedence: 4 },
  '^': { name: 'XOR', precedence: 4 },
  '*': { name: 'MUL', precedence: 5 },
  '/': { name: 'QUO', precedence: 5 },
  '%': { name: 'REM', precedence: 5 },
  '<<': { name: 'SHL', precedence: 5 },
  '>>': { name: 'SHR', precedence: 5 },
  '&': { name: 'AND', precedence: 5 },
  '&^': { name: 'AND_NOT', precedence: 5 },
};

/** Unary operators; all parse, and no version of Mixer has a function for one. */
export const UNARY: Readonly<Record<string, string>> = { '!': 'NOT', '-': 'SUB', '+': 'ADD', '^': 'XOR', '&': 'AND' };
