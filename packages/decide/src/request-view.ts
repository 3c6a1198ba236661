// What the kernel sees of a request and of headers: the smallest shape that a codec's own objects satisfy.
import type { JsonObject } from '@bufbuild/protobuf';

/** Headers by lower-case name. A matcher tests each value of a repeated field on its own, as Envoy does from 1.36. */
export interface HeaderView {
  /** The value; several are joined by `,`, or by `; ` for cookie. */
  get(name: string): string | undefined;
  /** Every value in order. */
  getAll(name: string): readonly string[];
  has(name: string): boolean;
}

/** A request as far as routing needs it. */
export interface RequestView {
  readonly method: string;
  /** Host or `:authority`, as received. */
  readonly authority: string;
  /** Path with query; normalise it first (`normalisePath`). */
  readonly path: string;
  /** `http` or `https`: x-forwarded-proto where it is trusted, else the connection's. */
  readonly scheme: string;
  readonly headers: HeaderView;
  /** IP address of the client, for hash policies and CORS-free logs; absent where there is none. */
  readonly remoteAddress?: string | undefined;
  /** True where `x-envoy-*` control headers of the client count (an internal request). */
  readonly trusted?: boolean | undefined;
  /** Of the client: undefined where it showed none. */
  readonly certificate?: 'presented' | 'validated' | undefined;
  /** What filters said of the request, by the filter's name. */
  readonly metadata?: Readonly<Record<string, JsonObject>> | undefined;
}

/** Whether a value that `get` gave is surely the only one: joined values have a comma or semicolon between them. */
export function isSingle(value: string): boolean {
  return !value.includes(',') && !value.includes(';');
}

/** The first value of a header of the request: what counts of a header that anyone may send. */
export function firstOf(request: RequestView, name: string): string | undefined {
  const value = headerOf(request, name);
  return value === undefined || isSingle(value) ? value : (request.headers.getAll(name)[0] ?? value);
}

/** A header of the request, where `:method`, `:authority`, `:path`, `:scheme` and `host` are its own fields. */
export function headerOf(request: RequestView, name: string): string | undefined {
  switch (name) {
    case ':method':
      return request.method;
    case ':path':
      return request.path;
    case ':scheme':
      return request.scheme;
    case ':authority':
    case 'host':
      return request.authority;
    default:
      return request.headers.get(name);
  }
}
