// The tree of an expression → Mixer's own notation (`EQ($ai, true)`) and → a text that parses to the same tree.
import { BINARY, type Call, type Expression, UNARY } from './expression.ts';

/** As Mixer's messages show an expression: `EQ($source.name, "a")`, `$as:startsWith("x")`. */
export function describeExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'constant':
      return expression.text;
    case 'attribute':
      return `$${expression.name}`;
    case 'call': {
      const target = expression.target ? `${describeExpression(expression.target)}:` : '';
      return `${target}${expression.name}(${expression.args.map(describeExpression).join(', ')})`;
    }
  }
}

const PRIMARY = 7;
const PREFIX = 6;
const SYMBOL_OF = new Map(Object.entries(BINARY).map(([symbol, { name }]) => [name, symbol]));
const PREFIX_OF = new Map(Object.entries(UNARY).map(([symbol, name]) => [name, symbol]));

/** Writes Go's syntax, with the parentheses that are needed. */
export function printExpression(expression: Expression): string {
  return print(expression, 0);
}

function print(expression: Expression, atLeast: number): string {
  if (expression.kind === 'constant') return expression.text;
  if (expression.kind === 'attribute') return expression.name;
  const { text, precedence } = printCall(expression);
  return precedence < atLeast ? `(${text})` : text;
}

function printCall(call: Call): { readonly text: string; readonly precedence: number } {
  const [first, second] = call.args;
  const symbol = SYMBOL_OF.get(call.name);
  if (call.target === undefined && first && second && call.args.length === 2) {
    if (call.name === 'INDEX') return { text: `${print(first, PRIMARY)}[${print(second, 0)}]`, precedence: PRIMARY };
    if (symbol !== undefined) return printBinary(symbol, first, second);
  }
  const prefix = PREFIX_OF.get(call.name);
  if (call.target === undefined && first && call.args.length === 1 && prefix !== undefined) {
    // A blank keeps `& ^x` and `- -x` apart from one operator.
    return { text: `${prefix} ${print(first, PREFIX)}`, precedence: PREFIX };
  }
  const target = call.target ? `${printTarget(call.target)}.` : '';
  return { text: `${target}${call.name}(${call.args.map(printExpression).join(', ')})`, precedence: PRIMARY };
}

function printTarget(target: Expression): string {
  // `1.f()` would begin with the number `1.`.
  const integer = target.kind === 'constant' && target.type === 'INT64';
  return integer ? `(${target.text})` : print(target, PRIMARY);
}

function printBinary(symbol: string, left: Expression, right: Expression): { text: string; precedence: number } {
  const { precedence } = BINARY[symbol]!;
  return { text: `${print(left, precedence)} ${symbol} ${print(right, precedence + 1)}`, precedence };
}
