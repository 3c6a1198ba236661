// The path and the authority that go upstream.
import { unpackAny } from '@meltemi/api';
import type { TypedExtensionConfig } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import type { RouteAction } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { UriTemplateRewriteConfigSchema } from '@meltemi/api/envoy/extensions/path/rewrite/uri_template/v3/uri_template_rewrite_pb';
import { DecideError } from './decide-error.ts';
import { headerAfter } from './header-after.ts';
import type { HeaderChange } from './header-change.ts';
import { withoutQuery } from './path.ts';
import type { PathMatch } from './path-match.ts';
import { compileSubstitution } from './regex.ts';
import type { RequestView } from './request-view.ts';
import { compileUriRewrite } from './uri-template.ts';

/** Path with query → path with query. */
export type PathRewrite = (path: string) => string;

/** Undefined: the path stays. Throws DecideError. */
export function compilePathRewrite(action: RouteAction, match: PathMatch): PathRewrite | undefined {
  const { prefixRewrite: prefix, regexRewrite: regex, pathRewritePolicy: policy } = action;
  if ([prefix !== '', regex !== undefined, policy !== undefined].filter(Boolean).length > 1) {
    throw new DecideError('BAD_ACTION', 'only one of prefix_rewrite, regex_rewrite and path_rewrite_policy may be set');
  }
  if (policy) return templateRewrite(policy, match);
  if (action.prefixRewrite !== '') return prefixRewrite(action.prefixRewrite, match);
  if (action.regexRewrite) return regexRewrite(action.regexRewrite);
  return undefined;
}

function templateRewrite(policy: TypedExtensionConfig, match: PathMatch): PathRewrite {
  const config = unpackAny(policy.typedConfig, UriTemplateRewriteConfigSchema);
  if (!config) throw new DecideError('UNSUPPORTED', `path_rewrite_policy ${policy.name}`);
  if (!match.template) throw new DecideError('BAD_ACTION', 'path_rewrite_policy without a path template to match');
  const rewrite = compileUriRewrite(config.pathTemplateRewrite, match.template);
  return (path) => {
    const bare = withoutQuery(path);
    const rewritten = rewrite(bare);
    return rewritten === undefined ? path : rewritten + path.slice(bare.length);
  };
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
