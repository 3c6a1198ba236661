// The operators that write header fields, and parts of the request's path.
import type { AccessLogEntry } from '../access-log-entry.ts';
import { badArgument, type CompileOperator, known, type Operator } from './operator.ts';

type Look = (entry: AccessLogEntry, name: string) => string | undefined;

const responseHeader: Look = (entry, name) =>
  name === ':status' ? known(String(entry.responseCode || '')) : entry.responseHeaders?.get(name);
const trailer: Look = (entry, name) => entry.responseTrailers?.get(name);

export const HEADER_OPERATORS: Readonly<Record<string, CompileOperator>> = {
  REQ: compileHeader(requestHeader),
  REQUEST_HEADER: compileHeader(requestHeader),
  RESP: compileHeader(responseHeader),
  RESPONSE_HEADER: compileHeader(responseHeader),
  TRAILER: compileHeader(trailer),
  RESPONSE_TRAILER: compileHeader(trailer),
  REQ_WITHOUT_QUERY: compileHeader((entry, name) => withoutQuery(requestHeader(entry, name))),
  PATH: compilePath,
  QUERY_PARAM: compileQueryParam,
  QUERY_PARAMS: compileQueryParams,
};

/** A request's header field, where `:method` and the like are its own fields. */
export function requestHeader(entry: AccessLogEntry, name: string): string | undefined {
  switch (name) {
    case ':method':
      return known(entry.method);
    case ':path':
      return known(entry.path);
    case ':authority':
    case 'host':
      return known(entry.authority);
    case ':scheme':
      return entry.method === undefined ? undefined : known(entry.scheme);
    default:
      return entry.requestHeaders?.get(name);
  }
}

/** `MAIN?ALTERNATIVE` */
function compileHeader(look: Look): CompileOperator {
  return (argument = '', _context, operator) => {
    const names = argument.toLowerCase().split('?');
    const [main, alternative] = names;
    if (!main || names.length > 2 || alternative === '') {
      throw badArgument(operator, `"${argument}" is not HEADER or HEADER?ALTERNATIVE`);
    }
    if (alternative === undefined) return (entry) => look(entry, main);
    return (entry) => look(entry, main) ?? look(entry, alternative);
  };
}

type Path = (entry: AccessLogEntry) => string | undefined;

const originalPath: Path = (entry) => entry.requestHeaders?.get('x-envoy-original-path');
const clientPath: Path = (entry) => originalPath(entry) ?? known(entry.path);
const PATH_SOURCES: ReadonlyMap<string, Path> = new Map<string, Path>([
  ['ORIG', originalPath],
  ['PATH', (entry) => known(entry.path)],
  ['ORIG_OR_PATH', clientPath],
]);

/** `WQ` or `NQ` for with and without query, and `:ORIG`, `:PATH` or `:ORIG_OR_PATH` for where it is from. */
function compilePath(argument: string | undefined, _context: unknown, name: string): Operator {
  const [query = '', source = 'ORIG_OR_PATH', ...more] = (argument ?? '').split(':');
  const path = PATH_SOURCES.get(source);
  if (!path || more.length > 0 || !['', 'WQ', 'NQ'].includes(query)) {
    throw badArgument(name, `"${argument}" is no part of a path`);
  }
  return query === 'NQ' ? (entry) => withoutQuery(path(entry)) : path;
}

function withoutQuery(path: string | undefined): string | undefined {
  return path?.split(/[?#]/, 1)[0];
}

function queryOf(entry: AccessLogEntry): string | undefined {
  const path = clientPath(entry);
  const start = path?.indexOf('?') ?? -1;
  return start < 0 ? undefined : path!.slice(start + 1).split('#', 1)[0];
}

function compileQueryParam(argument: string | undefined, _context: unknown, name: string): Operator {
  if (!argument) throw badArgument(name, 'the name of a parameter is missing');
  return (entry) => {
    const wanted = queryOf(entry)
      ?.split('&')
      .map(splitParam)
      .find(([key]) => key === argument);
    return wanted?.[1];
  };
}

function compileQueryParams(argument: string | undefined, _context: unknown, name: string): Operator {
  switch (argument ?? '') {
    case '':
    case 'ORIG':
      return queryOf;
    case 'DECODED':
      return (entry) => {
        const query = queryOf(entry);
        return query === undefined ? undefined : decoded(query);
      };
    default:
      throw badArgument(name, `"${argument}" is no way to write parameters`);
  }
}

function splitParam(param: string): readonly [string, string] {
  const equals = param.indexOf('=');
  return equals < 0 ? [decoded(param), ''] : [decoded(param.slice(0, equals)), decoded(param.slice(equals + 1))];
}

/** What is no valid encoding stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
