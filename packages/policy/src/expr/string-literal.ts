// Go's string literals: where one ends in a text, what it stands for, and how a text is written as one.
import { ExpressionError, type Place } from './expression-error.ts';

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};

const ESCAPE = /\\(?:x[\da-fA-F]{2}|[0-3][0-7]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[abfnrtv\\"])/y;

/** The literal that begins at `offset`, quotes included. Throws ExpressionError PARSE with Go's words. */
export function readString(text: string, offset: number, place: Place): string {
  if (text[offset] === '`') return readRaw(text, offset, place);
  for (let at = offset + 1; at < text.length && text[at] !== '\n'; at++) {
    if (text[at] === '"') return text.slice(offset, at + 1);
    if (text[at] === '\\') at += escapeLength(text, at, place) - 1;
  }
  throw new ExpressionError('PARSE', 'string literal not terminated', place);
}

/** What a literal stands for. */
export function unquote(literal: string): string {
  if (literal.startsWith('`')) return literal.slice(1, -1).replaceAll('\r', '');
  const body = literal.slice(1, -1);
  // Bytes written one by one (`\xc3\xa9`) make characters together.
  return body.replaceAll(/(?:\\x[\da-fA-F]{2}|\\[0-3][0-7]{2})+|\\(?:u.{4}|U.{8}|.)/g, unescape);
}

/** A literal that stands for the text. */
export function quote(text: string): string {
  const escaped = text.replaceAll(/["\\\p{C}]/gu, (char) => {
    const simple = Object.entries(SIMPLE).find(([, meaning]) => meaning === char);
    return simple ? `\\${simple[0]}` : `\\U${char.codePointAt(0)!.toString(16).padStart(8, '0')}`;
  });
  return `"${escaped}"`;
}

function readRaw(text: string, offset: number, place: Place): string {
  const end = text.indexOf('`', offset + 1);
  if (end < 0) throw new ExpressionError('PARSE', 'raw string literal not terminated', place);
  return text.slice(offset, end + 1);
}

function escapeLength(text: string, offset: number, place: Place): number {
  ESCAPE.lastIndex = offset;
  const escape = ESCAPE.exec(text)?.[0];
  if (escape === undefined) throw new ExpressionError('PARSE', 'unknown escape sequence', place);
  if (/^\\[uU]/.test(escape) && Number.parseInt(escape.slice(2), 16) > 0x10ffff) {
    throw new ExpressionError('PARSE', 'escape sequence is invalid Unicode code point', place);
  }
  return escape.length;
}

function unescape(escape: string): string {
  const kind = escape[1]!;
  if (kind === 'u' || kind === 'U') return String.fromCodePoint(Number.parseInt(escape.slice(2), 16));
  if (kind !== 'x' && !/[0-7]/.test(kind)) return SIMPLE[kind]!;
  const bytes = [...escape.matchAll(/\\(?:x(..)|(...))/g)].map(([, hex, octal]) =>
    hex === undefined ? Number.parseInt(octal!, 8) : Number.parseInt(hex, 16),
  );
  return Buffer.from(bytes).toString('utf8');
}
