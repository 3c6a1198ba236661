// One header field as HPACK carries it, with what it is to its message: judged once, when it is first decoded.
import { HTAB, SP } from '../http1/octets.ts';

/** What a field is to its message; `malformed` is one that HTTP/2 forbids (RFC 9113 §8.2, §8.3). */
export const fieldKind = {
  regular: 0,
  method: 1,
  scheme: 2,
  authority: 3,
  path: 4,
  protocol: 5,
  status: 6,
  cookie: 7,
  host: 8,
  contentLength: 9,
  te: 10,
  malformed: 11,
} as const;
export type FieldKind = (typeof fieldKind)[keyof typeof fieldKind];

/** What a table of HPACK holds and a field section consists of. */
export interface Field {
  readonly name: string;
  /** latin1. */
  readonly value: string;
  readonly kind: FieldKind;
  /** The kind that the name alone has. */
  readonly nameKind: FieldKind;
}

const kinds: ReadonlyMap<string, FieldKind> = new Map([
  [':method', fieldKind.method],
  [':scheme', fieldKind.scheme],
  [':authority', fieldKind.authority],
  [':path', fieldKind.path],
  [':protocol', fieldKind.protocol],
  [':status', fieldKind.status],
  ['cookie', fieldKind.cookie],
  ['host', fieldKind.host],
  ['content-length', fieldKind.contentLength],
  ['te', fieldKind.te],
  ['connection', fieldKind.malformed],
  ['keep-alive', fieldKind.malformed],
  ['proxy-connection', fieldKind.malformed],
  ['transfer-encoding', fieldKind.malformed],
  ['upgrade', fieldKind.malformed],
]);

const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const notFieldValue = /[^\t\x20-\x7e\x80-\xff]/;

/** `nameKind` where the name is known already. */
export function fieldOf(name: string, value: string, nameKind: FieldKind = kindOfName(name)): Field {
  return { name, value, kind: isFieldValue(value) ? nameKind : fieldKind.malformed, nameKind };
}

/** Bytes that the field counts for, in tables and in limits (RFC 7541 §4.1). */
export function fieldSize(field: Field): number {
  return field.name.length + field.value.length + 32;
}

function kindOfName(name: string): FieldKind {
  return kinds.get(name) ?? (token.test(name) ? fieldKind.regular : fieldKind.malformed);
}

/** No control character, and no white space around it: HTTP/1.1 could not carry it unchanged (RFC 9113 §8.2.1). */
function isFieldValue(value: string): boolean {
  if (value === '') return true;
  return !notFieldValue.test(value) && !isSpace(value.charCodeAt(0)) && !isSpace(value.charCodeAt(value.length - 1));
}

function isSpace(code: number): boolean {
  return code === SP || code === HTAB;
}
