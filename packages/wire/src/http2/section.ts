// Fields of one section → a request's or response's head, or trailers; or why they are none (RFC 9113 §8.2, §8.3).
import { isAuthority } from '../http1/authority.ts';
import { Headers } from '../http1/headers.ts';
import { type Field, fieldKind, fieldSize } from './field.ts';
import type { FieldSink } from './hpack-decoder.ts';
import type { RequestPseudo, ResponsePseudo } from './http2-stream.ts';
import type { Http2Limits } from './limits.ts';

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const scheme = /^[A-Za-z][A-Za-z0-9+.-]*$/;
const target = /^[\x21-\x7e]+$/;
const digits = /^[0-9]{1,16}$/;
const statusCode = /^[1-9][0-9]{2}$/;

/** Gathers one section at a time; one object serves all of a connection. */
export class FieldSection implements FieldSink {
  /** The fields but the pseudo-headers, in order; cookie crumbs joined where the first stood (RFC 9113 §8.2.3). */
  headers = new Headers();
  /** More than the limits allow: `headers` has only a part. */
  oversized = false;
  readonly #limits: Http2Limits;
  #malformed = false;
  #bytes = 0;
  #count = 0;
  /** By kind. */
  readonly #pseudo: (string | undefined)[] = Array.from({ length: fieldKind.status + 1 });
  #hasPseudo = false;
  #host: string | undefined;
  #contentLength: string | undefined;

  constructor(limits: Http2Limits) {
    this.#limits = limits;
  }

  begin(): void {
    this.headers = new Headers();
    this.oversized = this.#malformed = false;
    this.#bytes = this.#count = 0;
    if (this.#hasPseudo) this.#pseudo.fill(undefined);
    this.#hasPseudo = false;
    this.#host = this.#contentLength = undefined;
  }

  onField(field: Field): void {
    this.#bytes += fieldSize(field);
    if (++this.#count > this.#limits.maxHeaders || this.#bytes > this.#limits.maxHeadBytes) this.oversized = true;
    if (this.oversized || this.#malformed) return;
    switch (field.kind) {
      case fieldKind.regular:
        return this.headers.append(field.name, field.value);
      case fieldKind.method:
      case fieldKind.scheme:
      case fieldKind.authority:
      case fieldKind.path:
      case fieldKind.protocol:
      case fieldKind.status:
        return this.#onPseudo(field);
      case fieldKind.cookie:
        return this.#onCookie(field.value);
      default:
        return this.#onRuled(field);
    }
  }

  /** Of a body with this section as its head; -1: not said. */
  get contentLength(): number {
    return this.#contentLength === undefined ? -1 : Number(this.#contentLength);
  }

  /** undefined: malformed. */
  request(): RequestPseudo | undefined {
    const method = this.#pseudo[fieldKind.method];
    const authority = this.#authority();
    if (this.#malformed || method === undefined || !token.test(method) || authority === undefined) return undefined;
    if (this.#pseudo[fieldKind.status] !== undefined) return undefined;
    const schemeName = this.#pseudo[fieldKind.scheme];
    const path = this.#pseudo[fieldKind.path];
    const protocol = this.#pseudo[fieldKind.protocol];
    // RFC 8441 §4: a CONNECT with a protocol has a scheme and a path like other requests, where we said that we take it.
    if (protocol !== undefined && (method !== 'CONNECT' || !this.#limits.extendedConnect || !token.test(protocol))) {
      return undefined;
    }
    if (method === 'CONNECT' && protocol === undefined) {
      if (schemeName !== undefined || path !== undefined) return undefined;
    } else if (!scheme.test(schemeName ?? '') || !isPath(path ?? '', method)) {
      return undefined;
    }
    return { kind: 'request', method, scheme: schemeName, authority, path, protocol };
  }

  /** undefined: malformed. */
  response(): ResponsePseudo | undefined {
    const status = this.#pseudo[fieldKind.status];
    if (this.#malformed || status === undefined || !statusCode.test(status) || status === '101') return undefined;
    for (let kind = fieldKind.method; kind < fieldKind.status; kind++) {
      if (this.#pseudo[kind] !== undefined) return undefined;
    }
    return { kind: 'response', status: Number(status) };
  }

  /** undefined: malformed. */
  trailers(): Headers | undefined {
    const forbidden = this.#host !== undefined || this.#contentLength !== undefined || this.headers.has('cookie');
    return this.#malformed || forbidden || this.#hasPseudo ? undefined : this.headers;
  }

  /** Once each, and before every other field. */
  #onPseudo(field: Field): void {
    const late = this.headers.size > 0 || this.#host !== undefined || this.#contentLength !== undefined;
    if (late || this.#pseudo[field.kind] !== undefined) this.#malformed = true;
    this.#pseudo[field.kind] = field.value;
    this.#hasPseudo = true;
  }

  #onCookie(value: string): void {
    const before = this.headers.get('cookie');
    if (before === undefined || this.#limits.joinsCookies === false) this.headers.append('cookie', value);
    else this.headers.set('cookie', `${before}; ${value}`);
  }

  #onRuled(field: Field): void {
    switch (field.kind) {
      case fieldKind.host:
        if (this.#host !== undefined) this.#malformed = true;
        this.#host = field.value;
        return;
      case fieldKind.contentLength:
        if (this.#contentLength !== undefined || !isLength(field.value)) this.#malformed = true;
        this.#contentLength = field.value;
        return this.headers.append(field.name, field.value);
      case fieldKind.te:
        if (field.value.toLowerCase() !== 'trailers') this.#malformed = true;
        return this.headers.append(field.name, field.value);
      default:
        this.#malformed = true;
    }
  }

  /** Of `:authority` and `host`, which must not disagree (RFC 9113 §8.3.1). */
  #authority(): string | undefined {
    const named = this.#pseudo[fieldKind.authority] || this.#host;
    if (named === undefined || !isAuthority(named)) return undefined;
    const agree = this.#host === undefined || this.#host.toLowerCase() === named.toLowerCase();
    return agree ? named : undefined;
  }
}

function isPath(path: string, method: string): boolean {
  if (!target.test(path)) return false;
  return path.charCodeAt(0) === 47 /* / */ || (path === '*' && method === 'OPTIONS');
}

function isLength(value: string): boolean {
  return digits.test(value) && Number(value) <= Number.MAX_SAFE_INTEGER;
}
