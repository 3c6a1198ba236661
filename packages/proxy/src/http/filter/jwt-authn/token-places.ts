// Finds the tokens of a request in the headers, query parameters and cookies that providers name, and removes them there.
import type { JwtProvider as ProviderConfig } from '@meltemi/api/envoy/extensions/filters/http/jwt_authn/v3/config_pb';
import { QueryParams } from '../../query-params.ts';
import type { StreamEntry } from '../../stream-entry.ts';

/** Where tokens may be. */
export interface TokenPlace {
  readonly kind: 'header' | 'parameter' | 'cookie';
  readonly name: string;
  /** Of headers: what stands before the token. */
  readonly prefix: string;
  /** Who names this place; a token of another issuer has no business there. Undefined: any issuer. */
  readonly issuers: ReadonlySet<string> | undefined;
}

export interface FoundToken {
  readonly token: string;
  readonly place: TokenPlace;
}

const DEFAULT_PLACES = [
  { kind: 'header', name: 'authorization', prefix: 'Bearer ' },
  { kind: 'parameter', name: 'access_token', prefix: '' },
] as const;

/** The places that the providers name, each once: headers, parameters, cookies, by name. */
export function tokenPlaces(providers: readonly ProviderConfig[]): readonly TokenPlace[] {
  const named = providers.flatMap((provider) =>
    placesOf(provider).map((place) => ({ place, issuer: provider.issuer })),
  );
  const groups = Map.groupBy(named, ({ place: { kind, name, prefix } }) => `${ORDER[kind]}${name}${prefix}`);
  return [...groups]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, group]) => {
      const issuers = group.map(({ issuer }) => issuer);
      return { ...group[0]!.place, issuers: issuers.includes('') ? undefined : new Set(issuers) };
    });
}

const ORDER = { header: 0, parameter: 1, cookie: 2 } as const;

function placesOf(provider: ProviderConfig): readonly Omit<TokenPlace, 'issuers'>[] {
  const { fromHeaders, fromParams, fromCookies } = provider;
  const places = [
    ...fromHeaders.map(({ name, valuePrefix: prefix }) => ({
      kind: 'header' as const,
      name: name.toLowerCase(),
      prefix,
    })),
    ...fromParams.map((name) => ({ kind: 'parameter' as const, name, prefix: '' })),
    ...fromCookies.map((name) => ({ kind: 'cookie' as const, name, prefix: '' })),
  ];
  return places.length > 0 ? places : DEFAULT_PLACES;
}

export function allowsIssuer({ issuers }: TokenPlace, issuer: string): boolean {
  return issuers?.has(issuer) ?? true;
}

export function findTokens(places: readonly TokenPlace[], entry: StreamEntry): readonly FoundToken[] {
  let found: FoundToken[] | undefined;
  for (const place of places) {
    const token = place.kind === 'header' ? undefined : otherToken(place, entry);
    if (token !== undefined) (found ??= []).push({ token, place });
    if (place.kind !== 'header' || !entry.headers.has(place.name)) continue;
    for (const value of valuesOf(place.name, entry)) {
      const inHeader = headerToken(value, place.prefix);
      if (inHeader !== undefined) (found ??= []).push({ token: inHeader, place });
    }
  }
  return found ?? NONE;
}

const NONE: readonly FoundToken[] = [];

/** Two fields `authorization` are one with a comma in it, to Envoy as well: which of them an upstream believes is open. */
function valuesOf(name: string, { headers }: StreamEntry): readonly string[] {
  return name === 'authorization' ? [headers.get(name)!] : headers.getAll(name);
}

/** What is not a token's character between prefix and token is skipped. */
function headerToken(value: string, prefix: string): string | undefined {
  if (prefix === '') return value;
  const at = value.indexOf(prefix);
  if (at < 0) return undefined;
  const rest = value.slice(at + prefix.length);
  const start = rest.search(/[A-Za-z0-9_.-]/);
  return start < 0 ? value : rest.slice(start);
}

function otherToken({ kind, name }: TokenPlace, { path, headers }: StreamEntry): string | undefined {
  if (kind === 'parameter') return path.includes('?') ? new QueryParams(path, true).get(name) : undefined;
  const cookies = headers.get('cookie');
  return cookies === undefined ? undefined : cookieValue(cookies, name);
}

function cookieValue(cookies: string, name: string): string | undefined {
  for (const pair of cookies.split(';')) {
    const equals = pair.indexOf('=');
    if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
    const value = pair.slice(equals + 1).trim();
    return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  }
  return undefined;
}

/** The upstream is not to see it; cookies stay, as Envoy has it. */
export function removeToken({ kind, name }: TokenPlace, entry: StreamEntry): void {
  if (kind === 'header') return entry.headers.remove(name);
  if (kind === 'cookie') return;
  const params = new QueryParams(entry.path, false);
  params.remove(name);
  entry.path = params.write();
}
