// The path and the authority that go upstream.
import type { RouteAction } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { DecideError } from './decide-error.ts';
import { headerAfter } from './header-after.ts';
import type { HeaderChange } from './header-change.ts';
import { withoutQuery } from './path.ts';
import type { PathMatch } from './path-match.ts';
import { compileSubstitution } from './regex.ts';
import type { RequestView } from './request-view.ts';

/** Path with query → path with query. */
export type PathRewrite = (path: string) => string;

/** Undefined: the path stays. Throws DecideError. */
export function compilePathRewrite(action: RouteAction, match: PathMatch): PathRewrite | undefined {
  if (action.pathRewritePolicy) {
    throw new DecideError('UNSUPPORTED', `path_rewrite_policy ${action.pathRewritePolicy.name}`);
  }
  if (action.prefixRewrite !== '' && action.regexRewrite) {
    throw new DecideError('BAD_ACTION', 'both prefix_rewrite and regex_rewrite are set');
  }
  if (action.prefixRewrite !== '') return prefixRewrite(action.prefixRewrite, match);
  if (action.regexRewrite) return regexRewrite(action.regexRewrite);
  return undefined;
}

/** Replaces what the match covered; the rest and the query stay. */
export function prefixRewrite(prefix: string, match: PathMatch): PathRewrite {
  return (path) => prefix + path.slice(match.matchedLength(withoutQuery(path)));
}

/** Replaces in the path; the query stays. */
export function regexRewrite(rewrite: NonNullable<RouteAction['regexRewrite']>): PathRewrite {
  const replace = compileSubstitution(rewrite.pattern?.regex ?? '', rewrite.substitution);
  return (path) => {
    const bare = withoutQuery(path);
    return replace(bare) + path.slice(bare.length);
  };
}

/** The new authority, or undefined when it stays. */
export type HostRewrite = (request: RequestView, changes: readonly HeaderChange[]) => string | undefined;

/** Undefined: the authority stays. Throws DecideError. */
export function compileHostRewrite(action: RouteAction): HostRewrite | undefined {
  const specifier = action.hostRewriteSpecifier;
  switch (specifier.case) {
    case 'hostRewriteLiteral':
      return specifier.value === '' ? undefined : () => specifier.value;
    case 'hostRewriteHeader': {
      const name = specifier.value.toLowerCase();
      return (request, changes) => headerAfter(name, changes, request) || undefined;
    }
    case 'hostRewritePathRegex': {
      const replace = compileSubstitution(specifier.value.pattern?.regex ?? '', specifier.value.substitution);
      return (request) => replace(withoutQuery(request.path)) || undefined;
    }
    case 'autoHostRewrite':
    case undefined:
      return undefined;
  }
}
