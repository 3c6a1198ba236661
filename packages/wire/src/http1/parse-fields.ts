// Field lines → Headers, noting those that frame the message (RFC 9112 §5).
import { type FieldRole, fieldRole, hashStep, knownName } from './field-name.ts';
import type { FramingFields } from './framing-fields.ts';
import { Headers } from './headers.ts';
import { Http1Error } from './http1-error.ts';
import { COLON, CR, fieldValueOctet, HTAB, LF, lowerToken, SP } from './octets.ts';

/**
 * Reads the lines in `bytes[start, end)`, each ended by CRLF. `text` is latin1 of the bytes from `textStart` to at
 * least `end`: names and values are cut out of it.
 */
export function parseFields(
  bytes: Uint8Array,
  start: number,
  end: number,
  text: string,
  textStart: number,
  maxFields: number,
  framing: FramingFields,
): Headers {
  const headers = new Headers();
  let pos = start;
  while (pos < end) {
    const nameStart = pos;
    let hash = 0;
    let lower: number;
    while ((lower = lowerToken[bytes[pos]!]!) !== 0) {
      hash = hashStep(hash, lower);
      pos++;
    }
    if (bytes[pos] !== COLON || pos === nameStart) throw badName(bytes, nameStart, pos);
    const known = knownName(hash, bytes, nameStart, pos);
    const name = known ? known.name : text.slice(nameStart - textStart, pos - textStart).toLowerCase();

    pos++;
    while (bytes[pos] === SP || bytes[pos] === HTAB) pos++;
    const valueStart = pos;
    while (fieldValueOctet[bytes[pos]!] === 1) pos++;
    if (bytes[pos] !== CR || bytes[pos + 1] !== LF) throw badValue(name, bytes[pos]!);
    let valueEnd = pos;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HTAB)) valueEnd--;
    const value = text.slice(valueStart - textStart, valueEnd - textStart);

    if (headers.size === maxFields) throw new Http1Error('TOO_MANY_FIELDS', 431, `more than ${maxFields} fields`);
    headers.append(name, value);
    if (known && known.role !== fieldRole.none) {
      if (valueEnd < pos && bytes.subarray(valueEnd, pos).includes(HTAB)) refuseTabBehind(known.role);
      framing.note(known.role, value);
    }
    pos += 2;
  }
  return headers;
}

/** White space by RFC 9110 §5.6.3, but parsers differ on it, and on these fields they must not. */
function refuseTabBehind(role: FieldRole): void {
  if (role === fieldRole.contentLength || role === fieldRole.transferEncoding) {
    throw new Http1Error('BAD_FIELD_VALUE', 400, 'a tab behind content-length or transfer-encoding');
  }
}

function badName(bytes: Uint8Array, start: number, pos: number): Http1Error {
  const byte = bytes[pos];
  if (pos === start && (byte === SP || byte === HTAB)) {
    return new Http1Error('OBSOLETE_FOLD', 400, 'a field line begins with white space');
  }
  if (byte === CR || byte === LF) {
    return pos === start
      ? new Http1Error('BAD_LINE_END', 400, 'a line of the head is not ended by CRLF')
      : new Http1Error('BAD_FIELD_NAME', 400, 'a field line has no colon');
  }
  return new Http1Error('BAD_FIELD_NAME', 400, `byte 0x${byte?.toString(16)} in a field name`);
}

function badValue(name: string, byte: number): Http1Error {
  return byte === CR || byte === LF
    ? new Http1Error('BAD_LINE_END', 400, `field ${name}: bare CR or LF`)
    : new Http1Error('BAD_FIELD_VALUE', 400, `field ${name}: byte 0x${byte.toString(16)} in the value`);
}
