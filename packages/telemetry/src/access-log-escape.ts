// Turns a value that a client chose into text that can't break out of its record: one line, and quotes stay balanced.

/** Control characters, quotes and backslashes as `\n`, `\"`, `\x1b`; lone surrogates as U+FFFD. The common clean value is returned as it is. */
export function escapeLogValue(value: string): string {
  if (!NEEDS_ESCAPE.test(value) && value.isWellFormed()) return value;
  return value.toWellFormed().replaceAll(EACH_ESCAPE, escapeChar);
}

/** C0, DEL, C1 (a terminal takes U+009B for an escape sequence), the line and paragraph separators of Unicode, quote, backslash. */
const NEEDS_ESCAPE = /[\u0000-\u001f"\\\u007f-\u009f\u2028\u2029]/;
const EACH_ESCAPE = new RegExp(NEEDS_ESCAPE, 'g');

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '"': '\\"', '\\': '\\\\' };

function escapeChar(char: string): string {
  const code = char.charCodeAt(0);
  return SHORT[char] ?? (code <= 0xff ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`);
}

function hex(code: number, width: number): string {
  return code.toString(16).padStart(width, '0');
}
