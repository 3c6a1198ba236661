// A URL and flags as the user writes them → the request as the sidecar sees it.
import type { HeaderView, RequestView } from '@meltemi/decide';
import { CommandError, EXIT } from '../../terminal.ts';

export interface RequestWords {
  readonly url: string;
  readonly method: string;
  /** `name: value` each. */
  readonly headers: readonly string[];
  /** Whom Bookinfo has signed in. */
  readonly user?: string | undefined;
}

export interface ExplainRequest extends RequestView {
  readonly url: string;
  /** Whom the URL names, without its port. */
  readonly host: string;
  readonly port: number;
  /** In the order given, lower-case. */
  readonly fields: readonly HeaderField[];
}

export type HeaderField = readonly [name: string, value: string];

const AUTHORITY = /^(\[[0-9a-f:.]+\]|[^:@\s]+)(:\d+)?$/i;
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** Throws CommandError for what is no URL or no header. */
export function explainRequest({ url, method, headers, user }: RequestWords): ExplainRequest {
  const { hostname, port, host, path } = parseUrl(url);
  const given = [...headers.map(parseHeader), ...userFields(user)];
  const fields = given.filter(([name]) => name !== 'host');
  const authority = given.find(([name]) => name === 'host')?.[1] ?? host;
  const view = headerView([...fields, ['x-forwarded-proto', 'http']]);
  return {
    url,
    method: method.toUpperCase(),
    host: hostname,
    port,
    authority,
    path,
    scheme: 'http',
    fields,
    headers: view,
  };
}

/** The path stays as it is written: what becomes of it is the sidecar's to say. */
function parseUrl(url: string) {
  const [, scheme, host = '', path = ''] = /^(?:([a-z]+):\/\/)?([^/?#]+)(.*)$/i.exec(url) ?? [];
  if (scheme?.toLowerCase() === 'https') {
    throw new CommandError(
      `${url}: TLS of the application hides its requests from the sidecar: use http://`,
      EXIT.usage,
    );
  }
  const parsed = AUTHORITY.test(host) && URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`) : undefined;
  if (!parsed || (scheme && scheme.toLowerCase() !== 'http')) {
    throw new CommandError(`${url}: expected a URL like http://reviews:9080/reviews/0`, EXIT.usage);
  }
  const hostname = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  return { hostname, port: Number(parsed.port || 80), host, path: path.startsWith('/') ? path : `/${path}` };
}

function parseHeader(text: string): HeaderField {
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(0, colon)).trim().toLowerCase();
  if (!TOKEN.test(name)) throw new CommandError(`-H ${JSON.stringify(text)}: expected "name: value"`, EXIT.usage);
  return [name, text.slice(colon + 1).trim()];
}

/** The product page knows users by a cookie and tells them to other services in a header. */
function userFields(user: string | undefined): readonly HeaderField[] {
  return user === undefined
    ? []
    : [
        ['end-user', user],
        ['cookie', `user=${user}`],
      ];
}

export function headerView(fields: readonly HeaderField[]): HeaderView {
  const values = Map.groupBy(fields, ([name]) => name);
  const getAll = (name: string) => (values.get(name) ?? []).map(([, value]) => value);
  return {
    getAll,
    has: (name) => values.has(name),
    get: (name) => (values.has(name) ? getAll(name).join(name === 'cookie' ? '; ' : ',') : undefined),
  };
}
