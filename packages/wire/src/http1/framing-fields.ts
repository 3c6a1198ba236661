// The fields that say where a message ends and what becomes of its connection → those answers (RFC 9112 §6, §9).
import { fieldRole, type FieldRole } from './field-name.ts';
import { CHUNKED, type Http1Version } from './head.ts';
import { Http1Error } from './http1-error.ts';

const digits = /^[0-9]{1,16}$/;
const protectedFields = new Set(['host', 'content-length', 'transfer-encoding']);

/** Collects them while the fields of one message are read; one object serves all messages of a connection. */
export class FramingFields {
  host: string | undefined;
  upgrade: string | undefined;
  expect: string | undefined;
  contentLength: string | undefined;
  transferEncoding: string | undefined;
  /** Nominated by `connection`: `close`, `keep-alive`, `upgrade`. */
  close = false;
  keepAlive = false;
  upgradeNominated = false;

  clear(): void {
    this.host = this.upgrade = this.expect = this.contentLength = this.transferEncoding = undefined;
    this.close = this.keepAlive = this.upgradeNominated = false;
  }

  note(role: FieldRole, value: string): void {
    switch (role) {
      case fieldRole.none:
        return;
      case fieldRole.host:
        if (this.host !== undefined) throw new Http1Error('DUPLICATE_HOST', 400, 'two host fields');
        this.host = value;
        return;
      case fieldRole.contentLength:
        if (this.contentLength !== undefined) {
          throw new Http1Error('DUPLICATE_CONTENT_LENGTH', 400, 'two content-length fields');
        }
        this.contentLength = value;
        return;
      case fieldRole.transferEncoding:
        this.transferEncoding = joined(this.transferEncoding, value);
        return;
      case fieldRole.connection:
        this.#noteConnection(value);
        return;
      case fieldRole.upgrade:
        this.upgrade = joined(this.upgrade, value);
        return;
      case fieldRole.expect:
        this.expect = joined(this.expect, value);
    }
  }

  /** Bytes of the body or CHUNKED, as the fields declare; undefined when none does. */
  declaredLength(version: Http1Version): number | undefined {
    if (this.transferEncoding === undefined) {
      return this.contentLength === undefined ? undefined : parseContentLength(this.contentLength);
    }
    if (this.contentLength !== undefined) {
      throw new Http1Error('LENGTH_AND_CHUNKED', 400, 'both content-length and transfer-encoding');
    }
    if (version === 10) throw new Http1Error('BAD_TRANSFER_ENCODING', 400, 'transfer-encoding in HTTP/1.0');
    checkTransferEncoding(this.transferEncoding);
    return CHUNKED;
  }

  /** The connection may serve another message after this one. */
  persists(version: Http1Version): boolean {
    return !this.close && (version === 11 || this.keepAlive);
  }

  #noteConnection(value: string): void {
    if (value === 'keep-alive') {
      this.keepAlive = true;
      return;
    }
    for (const part of value.split(',')) {
      const option = part.trim().toLowerCase();
      if (option === 'close') this.close = true;
      else if (option === 'keep-alive') this.keepAlive = true;
      else if (option === 'upgrade') this.upgradeNominated = true;
      else if (protectedFields.has(option)) {
        throw new Http1Error('PROTECTED_FIELD_NOMINATED', 400, `connection names ${option} as hop-by-hop`);
      }
    }
  }
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`;
}

function parseContentLength(value: string): number {
  const length = digits.test(value) ? Number(value) : Infinity;
  if (length > Number.MAX_SAFE_INTEGER) {
    throw new Http1Error('BAD_CONTENT_LENGTH', 400, `content-length ${JSON.stringify(value)} is not a length`);
  }
  return length;
}

/** Throws unless the coding is `chunked` alone; 501 where it is a right list that ends in it, which we do not decode. */
function checkTransferEncoding(value: string): void {
  if (value.toLowerCase() === 'chunked') return;
  const codings = value.split(',').map((coding) => coding.trim().toLowerCase());
  if (codings.indexOf('chunked') === codings.length - 1 && codings.every((coding) => coding !== '')) {
    throw new Http1Error('UNKNOWN_TRANSFER_ENCODING', 501, `transfer-encoding ${JSON.stringify(value)}`);
  }
  throw new Http1Error(
    'BAD_TRANSFER_ENCODING',
    400,
    `transfer-encoding ${JSON.stringify(value)} does not end in chunked`,
  );
}
