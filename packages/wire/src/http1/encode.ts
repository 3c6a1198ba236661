// Heads, chunk heads and trailers → latin1 text, ready to write.
import type { FieldSpelling } from './field-spelling.ts';
import type { Headers } from './headers.ts';
import { Http1Error } from './http1-error.ts';

/** The end of a chunked body without trailers. */
export const LAST_CHUNK = '0\r\n\r\n';

const notTargetOrMethod = /[^\x21-\x7e]/;
const notReason = /[^\t\x20-\x7e\x80-\xff]/;

/** The request's head with its empty line. `spelling`: of names, where the headers have none of their own. */
export function encodeRequestHead(method: string, target: string, headers: Headers, spelling?: FieldSpelling): string {
  if (method === '' || notTargetOrMethod.test(method))
    throw new Http1Error('BAD_METHOD', 500, `cannot send method ${JSON.stringify(method)}`);
  if (target === '' || notTargetOrMethod.test(target))
    throw new Http1Error('BAD_TARGET', 500, `cannot send target ${JSON.stringify(target)}`);
  return `${method} ${target} HTTP/1.1\r\n${encodeFields(headers, spelling)}\r\n`;
}

/** The response's head with its empty line. `spelling` as of requests. */
export function encodeResponseHead(status: number, reason: string, headers: Headers, spelling?: FieldSpelling): string {
  if (!(status >= 100 && status <= 999) || notReason.test(reason))
    throw new Http1Error('BAD_STATUS_LINE', 500, `cannot send status ${status} ${JSON.stringify(reason)}`);
  return `HTTP/1.1 ${status} ${reason}\r\n${encodeFields(headers, spelling)}\r\n`;
}

/** What stands before a chunk of `size` bytes; after the chunk comes CRLF. */
export function chunkHead(size: number): string {
  return `${size.toString(16)}\r\n`;
}

/** The end of a chunked body with trailers. */
export function encodeTrailers(trailers: Headers): string {
  return `0\r\n${encodeFields(trailers)}\r\n`;
}

function encodeFields(headers: Headers, given?: FieldSpelling): string {
  const spelling = headers.spelling ?? given;
  let text = '';
  for (let index = 0; index < headers.size; index++) {
    const name = headers.nameAt(index);
    text += `${spelling ? spelling.of(name) : name}: ${headers.valueAt(index)}\r\n`;
  }
  return text;
}
