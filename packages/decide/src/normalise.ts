// Brings paths and hosts to one form, for routes and access rules alike.
import { withoutPort } from './host-table.ts';
import { lowerAscii } from './string-match.ts';

export interface PathOptions {
  /** RFC 3986 §6.2.2.2–3: dot segments removed, unreserved characters decoded, forbidden ones encoded. */
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
  /** What becomes of `%2F` and `%5C`. */
  readonly escapedSlashes: 'keep' | 'reject' | 'unescape-and-redirect' | 'unescape-and-forward';
}

export type NormalisedPath =
  | { readonly kind: 'ok'; readonly path: string }
  | { readonly kind: 'reject'; readonly status: 400 }
  | { readonly kind: 'redirect'; readonly status: 307; readonly path: string };

const REJECT: NormalisedPath = { kind: 'reject', status: 400 };

/** Path with query as received → one form; the query stays as it is, a fragment goes. Idempotent. */
export function normalisePath(received: string, options: PathOptions): NormalisedPath {
  const path = withoutFragment(received);
  const queryStart = path.indexOf('?');
  const query = queryStart < 0 ? '' : path.slice(queryStart);
  const bare = queryStart < 0 ? path : path.slice(0, queryStart);
  if (isPlain(bare)) return { kind: 'ok', path };
  // NUL ends a path for programs that count in C strings.
  if (/%00|\0/.test(bare)) return REJECT;
  const slashed = unescapeSlashes(bare, options.escapedSlashes);
  if (slashed === undefined) return REJECT;
  const canonical = options.normalizePath ? canonicalise(slashed) : slashed;
  if (canonical === undefined) return REJECT;
  const merged = options.mergeSlashes ? mergeSlashes(canonical) : canonical;
  const result = merged + query;
  return options.escapedSlashes === 'unescape-and-redirect' && slashed !== bare
    ? { kind: 'redirect', status: 307, path: result }
    : { kind: 'ok', path: result };
}

/** Lower-case, without trailing dots; `stripPort` takes a port away, or only the given one. */
export function normaliseHost(authority: string, options: { readonly stripPort?: boolean | number } = {}): string {
  const lower = lowerAscii(authority);
  const name = withoutPort(lower);
  const port = lower.slice(name.length);
  const strips = options.stripPort === true || (options.stripPort !== undefined && port === `:${options.stripPort}`);
  return name.replace(/\.+$/, '') + (strips ? '' : port);
}

function withoutFragment(path: string): string {
  const fragment = path.indexOf('#');
  return fragment < 0 ? path : path.slice(0, fragment);
}

// The common case: nothing in the path that any option could change.
function isPlain(path: string): boolean {
  return !/[%\\\0"<>^`{|} ]|\/[./]/.test(path) && path.startsWith('/');
}

function unescapeSlashes(path: string, mode: PathOptions['escapedSlashes']): string | undefined {
  if (mode === 'keep') return path;
  if (mode === 'reject') return /%(?:2f|5c)/i.test(path) ? undefined : path;
  return path.replaceAll(/%2f/gi, '/').replaceAll(/%5c/gi, '\\');
}

// `*` is the path of OPTIONS for the whole server, the empty path that of CONNECT.
function canonicalise(path: string): string | undefined {
  if (path === '' || path === '*') return path;
  if (!path.startsWith('/') && !path.startsWith('\\')) return undefined;
  return removeDotSegments(recode(path.replaceAll('\\', '/')));
}

// Unreserved characters are decoded, and those that no URL may have are encoded, as Envoy's canonicaliser (Chromium's)
// does. A lone `%` stays, marked by NUL meanwhile; where decoding would make an escape of it (`%%32e`), which the next
// hop would decode again, it is encoded.
function recode(path: string): string {
  return path
    .replaceAll(/%([0-9a-f]{2})?/gi, (escape, hex: string | undefined) => {
      if (hex === undefined) return '\0';
      const char = String.fromCharCode(Number.parseInt(hex, 16));
      return /[A-Za-z0-9\-._~]/.test(char) ? char : escape;
    })
    .replaceAll(/\0(?=[0-9a-f]{2})/gi, '%25')
    .replaceAll('\0', '%')
    .replaceAll(/["<>^`{|} ]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

// A path of nothing but slashes keeps two, as in Envoy.
function mergeSlashes(path: string): string {
  return /^\/{2,}$/.test(path) ? '//' : path.replaceAll(/\/{2,}/g, '/');
}

// RFC 3986 §5.2.4. A dot segment with parameters (`..;x`) is one too: some servers cut the parameters first.
function removeDotSegments(path: string): string {
  const segments = path.slice(1).split('/');
  const kept: string[] = [];
  for (const [index, segment] of segments.entries()) {
    const name = segment.split(';', 1)[0];
    const dots = name === '.' || name === '..';
    if (name === '..') kept.pop();
    if (!dots) kept.push(segment);
    else if (index === segments.length - 1) kept.push('');
  }
  return `/${kept.join('/')}`;
}
