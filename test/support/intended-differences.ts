// Where our normal form of paths, and what we do with whole requests, differs from Envoy's on purpose.
import type { PathOptions } from '@meltemi/decide';
import type { Echo } from './echo-upstream.ts';
import type { TestRequest } from './random-requests.ts';
import { ROUTE_HEADER } from './random-routes.ts';
import type { SeenExchange } from './seen-exchange.ts';

/** The modes of an HttpConnectionManager that are compared, and our options for each. */
export const PATH_MODES = {
  normalise: {
    envoy: { normalizePath: true },
    ours: { normalizePath: true, mergeSlashes: false, escapedSlashes: 'keep' },
  },
  merge: {
    envoy: { normalizePath: true, mergeSlashes: true },
    ours: { normalizePath: true, mergeSlashes: true, escapedSlashes: 'keep' },
  },
  unescape: {
    envoy: { normalizePath: true, mergeSlashes: true, pathWithEscapedSlashesAction: 'UNESCAPE_AND_FORWARD' },
    ours: { normalizePath: true, mergeSlashes: true, escapedSlashes: 'unescape-and-forward' },
  },
  reject: {
    envoy: { normalizePath: false, mergeSlashes: true, pathWithEscapedSlashesAction: 'REJECT_REQUEST' },
    ours: { normalizePath: false, mergeSlashes: true, escapedSlashes: 'reject' },
  },
} as const satisfies Record<string, { readonly envoy: object; readonly ours: PathOptions }>;

export type PathMode = keyof typeof PATH_MODES;

/** What becomes of a path: its normal form, or the status of the refusal. */
export type PathOutcome = string | number;

export interface IntendedDifference {
  readonly name: string;
  readonly reason: string;
  /** The path with which Envoy does what we do with this one, or the status that we answer; the path itself where both agree. */
  readonly asIf: (path: string, options: PathOptions) => PathOutcome;
  readonly example: {
    readonly mode: PathMode;
    readonly path: string;
    readonly ours: PathOutcome;
    readonly envoys: PathOutcome;
  };
}

/** In the order in which they apply. */
export const INTENDED_DIFFERENCES: readonly IntendedDifference[] = [
  {
    name: 'a fragment is cut off',
    reason:
      'clients that send one mean the resource without it: it is served, and no rule or application sees the rest',
    asIf: (path) => path.split('#', 1)[0]!,
    example: { mode: 'normalise', path: '/a#b', ours: '/a', envoys: 400 },
  },
  {
    name: '%00 is refused in every mode',
    reason: 'NUL ends a path for programs that count in C strings, whether or not the mesh normalises paths',
    asIf: (path) => (path.split('?', 1)[0]!.includes('%00') ? 400 : path),
    example: { mode: 'reject', path: '/a%00b', ours: 400, envoys: '/a%00b' },
  },
  {
    name: 'dot segments with parameters are removed',
    reason:
      'some servers cut parameters before they resolve dots, so `/public/..;x/admin` gets past rules for `/admin`',
    asIf: withoutDotParameters,
    example: { mode: 'merge', path: '/public/%2e%2e;x/admin', ours: '/admin', envoys: '/public/..;x/admin' },
  },
];

function withoutDotParameters(path: string, { normalizePath, escapedSlashes }: PathOptions): string {
  if (!normalizePath) return path;
  const slash = escapedSlashes === 'keep' ? String.raw`/|\\` : String.raw`/|\\|%2f|%5c`;
  const segment = new RegExp(`(?<=${slash})((?:\\.|%2e){1,2});(?:(?!${slash}).)*`, 'gi');
  const [bare, ...query] = path.split('?');
  return [bare!.replaceAll(segment, '$1'), ...query].join('?');
}

export interface SeenDifference {
  readonly name: string;
  readonly reason: string;
  /** What both have in common. */
  readonly common: (seen: SeenExchange, request: TestRequest) => SeenExchange;
}

/** Of whole requests through both proxies. Nothing else may differ. */
export const SEEN_DIFFERENCES: readonly SeenDifference[] = [
  {
    name: 'the answer to HEAD has no transfer-encoding',
    reason: 'it is of one hop, and there is no body on this one (RFC 9112 §6.1 lets servers leave it out)',
    common: (seen, { method }) => (method === 'HEAD' ? without(seen, 'transfer-encoding') : seen),
  },
  {
    name: 'a connection stays after a 400 that configuration asked for',
    reason: 'the request was well-formed: its end is known, and the next one can follow',
    common: (seen) => (seen.headers['connection'] === 'close' && !seen.upstream ? without(seen, 'connection') : seen),
  },
  {
    name: 'a redirect that can not be followed keeps the name of its route',
    reason: 'the answer is that route’s; Envoy forgets the route when it looks in vain for the next one',
    common: (seen) => (seen.headers['location'] === 'http://nobody/' ? without(seen, ROUTE_HEADER) : seen),
  },
  {
    name: 'x-forwarded-for names a client on the loopback interface as it is',
    reason: 'Envoy writes its own outer address there, which says of one proxy what another one can’t know',
    common: (seen) => ({ ...seen, upstream: seen.upstream && withoutForwardedFor(seen.upstream) }),
  },
];

/**
 * Not compared, because random requests avoid it: a safe request whose kept-alive connection the upstream closes before
 * it answers is sent once more on a fresh one, as RFC 9110 §9.2.2 allows; Envoy answers 503.
 */
export function inCommon(seen: SeenExchange, request: TestRequest): SeenExchange {
  return SEEN_DIFFERENCES.reduce((rest, { common }) => common(rest, request), seen);
}

/** Names of the differences that show between what both have done. */
export function shownDifferences(ours: SeenExchange, envoys: SeenExchange, request: TestRequest): readonly string[] {
  const differ = (common: SeenDifference['common'], side: SeenExchange) => JSON.stringify(common(side, request));
  const before = JSON.stringify(ours) === JSON.stringify(envoys);
  if (before) return [];
  return SEEN_DIFFERENCES.filter(
    ({ common }) => differ(common, ours) !== JSON.stringify(ours) || differ(common, envoys) !== JSON.stringify(envoys),
  ).map(({ name }) => name);
}

function without(seen: SeenExchange, header: string): SeenExchange {
  const { [header]: _left, ...headers } = seen.headers;
  return { ...seen, headers };
}

function withoutForwardedFor(echo: Echo): Echo {
  const { 'x-forwarded-for': _address, ...headers } = echo.headers;
  return { ...echo, headers };
}
