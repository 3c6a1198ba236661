// The text of an expression → tokens, by the rules of Go's scanner (https://go.dev/ref/spec#Lexical_elements).
import { ExpressionError, type Place } from './expression-error.ts';
import { readString } from './string-literal.ts';

export type TokenKind = 'name' | 'keyword' | 'integer' | 'float' | 'string' | 'symbol' | 'newline' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly place: Place;
}

/** Longest first, so that the longest is taken. */
const SYMBOLS = [
  '&^',
  '||',
  '&&',
  '==',
  '!=',
  '<=',
  '>=',
  '<<',
  '>>',
  ...'+ - * / % & | ^ < > = ! ( ) [ ] { } , ; . :'.split(' '),
];

const KEYWORDS = new Set(
  (
    'break case chan const continue default defer else fallthrough for func go goto if import interface map package ' +
    'range return select struct switch type var'
  ).split(' '),
);

const NUMBER = /0[xX][\da-fA-F]+|(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?/y;
const NAME = /[\p{L}_][\p{L}\p{Nd}_]*/uy;
const BLANK = /(?:[ \t\r]|\/\/[^\n]*|\/\*(?:[^*\n]|\*(?!\/))*\*\/)*/y;

/** Reads one token at a time, as the parser asks: an error in the text counts only where the parser gets to. */
export class Lexer {
  readonly #text: string;
  #offset = 0;
  #endsOperand = false;

  constructor(text: string) {
    this.#text = text;
  }

  next(): Token {
    this.#offset += this.#match(BLANK)?.length ?? 0;
    while (this.#text[this.#offset] === '\n' && !this.#endsOperand) this.#skipLine();
    const token = this.#read();
    this.#offset += token.kind === 'newline' ? Number(this.#text[this.#offset] === '\n') : token.text.length;
    this.#endsOperand = ['name', 'integer', 'float', 'string'].includes(token.kind) || /^[)\]}]$/.test(token.text);
    return token;
  }

  #skipLine(): void {
    this.#offset += 1;
    this.#offset += this.#match(BLANK)?.length ?? 0;
  }

  #read(): Token {
    const char = this.#text[this.#offset];
    // Go ends a statement where a line or the text ends after an operand.
    if (char === undefined) return this.#token(this.#endsOperand ? 'newline' : 'end', '');
    if (char === '\n') return this.#token('newline', '');
    if (char === '"' || char === '`') return this.#token('string', readString(this.#text, this.#offset, this.#place()));
    const name = this.#match(NAME);
    if (name !== undefined) return this.#token(KEYWORDS.has(name) ? 'keyword' : 'name', name);
    return this.#number() ?? this.#symbol();
  }

  #number(): Token | undefined {
    const text = this.#match(NUMBER);
    return text === undefined ? undefined : this.#token(/^\d+$|^0[xX]/.test(text) ? 'integer' : 'float', text);
  }

  #symbol(): Token {
    const symbol = SYMBOLS.find((known) => this.#text.startsWith(known, this.#offset));
    if (symbol === undefined) throw new ExpressionError('PARSE', illegal(this.#text, this.#offset), this.#place());
    return this.#token('symbol', symbol);
  }

  #token(kind: TokenKind, text: string): Token {
    return { kind, text, place: this.#place() };
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    return pattern.exec(this.#text)?.[0];
  }

  #place(): Place {
    const before = this.#text.slice(0, this.#offset);
    const lineStart = before.lastIndexOf('\n') + 1;
    return { line: before.split('\n').length, column: Buffer.byteLength(before.slice(lineStart)) + 1 };
  }
}

function illegal(text: string, offset: number): string {
  const code = text.codePointAt(offset)!;
  if (code === 0x27) return `single quotes don't quote a text`;
  return `illegal character U+${code.toString(16).toUpperCase().padStart(4, '0')} '${String.fromCodePoint(code)}'`;
}
