// The match of a rule → the URL and headers of a v1 route.
import type { RouteRule, StringMatch } from '@meltemi/config';
import type { HeaderMatchDocument, RouteDocument } from './documents.ts';

/** Names by which rules mean parts of the request itself. */
const PSEUDO: Readonly<Record<string, string>> = { method: ':method', scheme: ':scheme', authority: ':authority' };

/** Headers come by name; a route without a URL matches all. */
export function routeMatch(rule: RouteRule): Pick<RouteDocument, 'path' | 'prefix' | 'regex' | 'headers'> {
  const { uri, ...others } = rule.match?.request?.headers ?? {};
  const headers = Object.entries(others).map(([name, match]) => headerMatch(PSEUDO[name] ?? name, match));
  const sorted = headers.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return { ...urlMatch(uri), ...(sorted.length > 0 && { headers: sorted }) };
}

/** True where the route takes every request. */
export function catchesAll({ prefix, headers }: RouteDocument): boolean {
  return prefix === '/' && headers === undefined;
}

function urlMatch(uri: StringMatch | undefined): Pick<RouteDocument, 'path' | 'prefix' | 'regex'> {
  if (uri?.exact !== undefined) return { path: uri.exact };
  if (uri?.regex !== undefined) return { regex: uri.regex };
  return { prefix: uri?.prefix ?? '/' };
}

function headerMatch(name: string, match: StringMatch): HeaderMatchDocument {
  if (match.exact !== undefined) return { name, value: match.exact };
  const value = match.regex ?? `^${quoted(match.prefix ?? '')}.*`;
  return { name, value, regex: true };
}

/** As Go's regexp.QuoteMeta. */
function quoted(text: string): string {
  return text.replaceAll(/[\\.+*?()|[\]{}^$]/g, (letter) => `\\${letter}`);
}
