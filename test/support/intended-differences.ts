// Where our normal form of paths differs from Envoy's on purpose.
import type { PathOptions } from '@meltemi/decide';

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
