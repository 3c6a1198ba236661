// The text of an expression → its tree: Go's expression syntax, by precedence.
import { parseGoDuration } from '../values/duration-text.ts';
import { duration } from '../values/value.ts';

import { BINARY, type Constant, type Expression, UNARY } from './expression.ts';
import { ExpressionError } from './expression-error.ts';
import { Lexer, type Token } from './lexer.ts';
import { unquote } from './string-literal.ts';

const INT64_MAX = 2n ** 63n - 1n;
/** Levels of nesting, and operators in all: larger texts are refused instead of running out of stack. */
const DEEPEST = 200;
const MOST_OPERATORS = 2000;

/** Throws ExpressionError PARSE, in Go's words: `unable to parse expression '@23': 1:1: illegal character U+0040 '@'`. */
export function parseExpression(text: string): Expression {
  try {
    const parser = new Parser(text);
    const expression = parser.expression(1);
    parser.expectEnd();
    return expression;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const { line, column } = error.place;
    throw new ExpressionError(
      'PARSE',
      `unable to parse expression '${text}': ${line}:${column}: ${error.message}`,
      error.place,
    );
  }
}

class Parser {
  readonly #lexer: Lexer;
  #token: Token;
  #depth = 0;
  #operators = 0;

  constructor(text: string) {
    this.#lexer = new Lexer(text);
    this.#token = this.#lexer.next();
  }

  expression(precedence: number): Expression {
    if (++this.#depth > DEEPEST) throw failure(this.#token, 'expression is nested too deeply');
    let left = this.#unary();
    for (let op = this.#binary(precedence); op; op = this.#binary(precedence)) {
      this.#count();
      this.#advance();
      left = { kind: 'call', name: op.name, args: [left, this.expression(op.precedence + 1)], place: left.place };
    }
    this.#depth--;
    return left;
  }

  expectEnd(): void {
    if (this.#token.kind === 'newline') this.#advance();
    if (this.#token.kind !== 'end') throw unexpected(this.#token, `'EOF'`);
  }

  #binary(precedence: number): { readonly name: string; readonly precedence: number } | undefined {
    const op = this.#token.kind === 'symbol' ? BINARY[this.#token.text] : undefined;
    return op && op.precedence >= precedence ? op : undefined;
  }

  #unary(): Expression {
    const { kind, text, place } = this.#token;
    const name = kind === 'symbol' ? UNARY[text] : undefined;
    if (name === undefined) return this.#postfix(this.#operand());
    if (++this.#depth > DEEPEST) throw failure(this.#token, 'expression is nested too deeply');
    this.#advance();
    const operand = this.#unary();
    this.#depth--;
    return { kind: 'call', name, args: [operand], place };
  }

  #operand(): Expression {
    const token = this.#token;
    if (token.kind === 'string' || token.kind === 'integer' || token.kind === 'float') {
      this.#advance();
      return constant(token);
    }
    if (token.kind === 'name') return this.#named();
    if (token.text !== '(') throw unexpected(token, 'operand');
    this.#advance();
    const inner = this.expression(1);
    this.#expect(')');
    return inner;
  }

  /** `true`, an attribute with its dots, or a function's name before its arguments. */
  #named(): Expression {
    const { text, place } = this.#token;
    this.#advance();
    if (this.#token.text === '(') return { kind: 'call', name: text, args: this.#arguments(), place };
    if (text === 'true' || text === 'false') {
      return { kind: 'constant', type: 'BOOL', value: text === 'true', text, place };
    }
    return { kind: 'attribute', name: text, place };
  }

  #postfix(operand: Expression): Expression {
    let left = operand;
    for (;;) {
      this.#count();
      if (this.#token.text === '.') left = this.#selector(left);
      else if (this.#token.text === '[') left = this.#index(left);
      else if (this.#token.text === '(') throw failure(this.#token, 'cannot call this expression');
      else return left;
    }
  }

  #selector(target: Expression): Expression {
    const { place } = target;
    this.#advance();
    const { kind, text: name } = this.#token;
    if (kind !== 'name') throw unexpected(this.#token, 'selector or type assertion');
    const selected = this.#token;
    this.#advance();
    if (this.#token.text === '(') return { kind: 'call', name, target, args: this.#arguments(), place };
    if (target.kind !== 'attribute') throw failure(selected, `unexpected expression: selector ${name}`);
    return { kind: 'attribute', name: `${target.name}.${name}`, place };
  }

  #index(map: Expression): Expression {
    this.#advance();
    const key = this.expression(1);
    this.#expect(']');
    return { kind: 'call', name: 'INDEX', args: [map, key], place: map.place };
  }

  #arguments(): readonly Expression[] {
    this.#advance();
    const args: Expression[] = [];
    while (this.#token.text !== ')') {
      args.push(this.expression(1));
      if (this.#token.text === ',') this.#advance();
      else if (this.#token.text !== ')') throw missingComma(this.#token);
    }
    this.#advance();
    return args;
  }

  #count(): void {
    if (++this.#operators > MOST_OPERATORS) throw failure(this.#token, 'expression is too large');
  }

  #expect(symbol: string): void {
    if (this.#token.text !== symbol || this.#token.kind !== 'symbol') throw unexpected(this.#token, `'${symbol}'`);
    this.#advance();
  }

  #advance(): void {
    this.#token = this.#lexer.next();
  }
}

function constant(token: Token): Constant {
  const { text, place } = token;
  if (token.kind === 'float') return { kind: 'constant', type: 'DOUBLE', value: readFloat(token), text, place };
  if (token.kind === 'integer') return { kind: 'constant', type: 'INT64', value: readInteger(token), text, place };
  const unquoted = unquote(text);
  // A text that reads as a duration is one.
  const nanoseconds = parseGoDuration(unquoted);
  if (nanoseconds === undefined) return { kind: 'constant', type: 'STRING', value: unquoted, text, place };
  return { kind: 'constant', type: 'DURATION', value: duration(nanoseconds), text, place };
}

function readInteger(token: Token): bigint {
  if (!/^\d+$/.test(token.text)) throw failure(token, `strconv.ParseInt: parsing "${token.text}": invalid syntax`);
  const value = BigInt(token.text);
  if (value > INT64_MAX) throw failure(token, `strconv.ParseInt: parsing "${token.text}": value out of range`);
  return value;
}

function readFloat(token: Token): number {
  const value = Number(token.text);
  if (!Number.isFinite(value)) throw failure(token, `strconv.ParseFloat: parsing "${token.text}": value out of range`);
  return value;
}

function missingComma(token: Token): ExpressionError {
  return failure(token, `missing ','${token.kind === 'newline' ? ' before newline' : ''} in argument list`);
}

function unexpected(token: Token, expected: string): ExpressionError {
  const literal = ['name', 'integer', 'float', 'string'].includes(token.kind);
  const quoted = token.kind === 'end' ? `'EOF'` : `'${token.text}'`;
  const found = token.kind === 'newline' ? 'newline' : literal ? token.text : quoted;
  return failure(token, `expected ${expected}, found ${found}`);
}

function failure(token: Token, message: string): ExpressionError {
  return new ExpressionError('PARSE', message, token.place);
}
