// Turns the matches of a VirtualService's route into those that hold for one proxy, and their conditions.
import { type Labels, selects } from '@meltemi/base';
import type { HttpMatch, StringMatch } from '@meltemi/config';
import type { NamedMatchInput, RouteMatchInput, StringMatchInput } from './route-input.ts';

/** Who asks: a sidecar (`mesh`) or a gateway (`namespace/name`), and on which port. */
export interface RouteAudience {
  readonly gateway: string;
  readonly labels: Labels;
  readonly namespace: string;
  /** 0: any. */
  readonly port: number;
}

export const MATCH_ALL: RouteMatchInput = {
  path: { kind: 'prefix', value: '/' },
  ignoreCase: false,
  headers: [],
  queryParameters: [],
};

/** True when the conditions on the caller, which are known now, hold. */
export function addresses(match: HttpMatch, home: string, audience: RouteAudience): boolean {
  return (
    gatewaysInclude(match.gateways, home, audience.gateway) &&
    selects(match.sourceLabels ?? {}, audience.labels) &&
    (match.sourceNamespace === undefined || match.sourceNamespace === audience.namespace) &&
    (match.port === undefined || audience.port === 0 || match.port === audience.port)
  );
}

/** Names of gateways are in the rule's namespace unless written `namespace/name`; none named says nothing. */
export function gatewaysInclude(names: readonly string[] | undefined, home: string, gateway: string): boolean {
  if (!names || names.length === 0) return true;
  return names.some((name) => gatewayName(name, home) === gateway);
}

/** `namespace/name`, or `mesh`. Old rules name a gateway by its host. */
export function gatewayName(written: string, home: string): string {
  if (written === 'mesh' || written.includes('/')) return written;
  const [name, namespace] = written.split('.');
  return `${namespace ?? home}/${name}`;
}

/** The conditions on the request. */
export function routeMatchInput(match: HttpMatch): RouteMatchInput {
  return {
    path: pathMatch(match.uri),
    ignoreCase: match.ignoreUriCase === true,
    headers: [
      ...pseudoHeader(':method', match.method),
      ...pseudoHeader(':authority', match.authority),
      ...pseudoHeader(':scheme', match.scheme),
      ...named(match.headers, false),
      ...named(match.withoutHeaders, true),
    ],
    queryParameters: named(match.queryParams, false, (name) => name),
  };
}

/** True when every request matches: what follows in the list is never reached. */
export function matchesAll(match: RouteMatchInput): boolean {
  return (
    match.path.kind === 'prefix' &&
    match.path.value === '/' &&
    match.headers.length === 0 &&
    match.queryParameters.length === 0
  );
}

export function stringMatchInput(match: StringMatch): StringMatchInput {
  if (match.exact !== undefined) return { kind: 'exact', value: match.exact };
  if (match.prefix !== undefined) return { kind: 'prefix', value: match.prefix };
  if (match.regex !== undefined && match.regex !== '*') return { kind: 'regex', value: match.regex };
  return { kind: 'present' };
}

function pathMatch(uri: StringMatch | undefined): RouteMatchInput['path'] {
  const match = uri && stringMatchInput(uri);
  return match && match.kind !== 'present' ? match : MATCH_ALL.path;
}

function pseudoHeader(name: string, match: StringMatch | undefined): NamedMatchInput[] {
  return match ? [{ name, match: stringMatchInput(match), invert: false }] : [];
}

function named(
  matches: Readonly<Record<string, StringMatch>> | undefined,
  invert: boolean,
  nameOf = (name: string) => name.toLowerCase(),
): NamedMatchInput[] {
  return Object.entries(matches ?? {}).map(([name, match]) => ({
    name: nameOf(name),
    match: stringMatchInput(match),
    invert,
  }));
}
