// Turns what permissions and principals alike ask of a request, headers and paths, into conditions.
import { unpackAny } from '@meltemi/api';
import type { TypedExtensionConfig } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import type { HeaderMatcher } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { UriTemplateMatchConfigSchema } from '@meltemi/api/envoy/extensions/path/match/uri_template/v3/uri_template_match_pb';
import type { PathMatcher } from '@meltemi/api/envoy/type/matcher/v3/path_pb';
import type { StringMatcher } from '@meltemi/api/envoy/type/matcher/v3/string_pb';
import { DecideError } from '../decide-error.ts';
import { compileHeaderCondition } from '../header-match.ts';
import { withoutQuery } from '../path.ts';
import { compileStringMatcher } from '../string-match.ts';
import { compileUriTemplate } from '../uri-template.ts';
import { type AccessCondition, leaf } from './access-condition.ts';
import type { AccessRequest } from './access-request.ts';
import type { PathNeed } from '../path-lists.ts';

/** Of connections nothing of requests can be asked. */
export type RuleScope = 'request' | 'connection';

/** Throws DecideError. */
export function headerCondition(matcher: HeaderMatcher, scope: RuleScope): AccessCondition {
  refuseConnections(`header ${matcher.name}`, scope);
  const condition = compileHeaderCondition(matcher);
  return leaf(condition.words, ({ request }) => request !== undefined && condition.holds(request, '', 0));
}

/** Compared without query and fragment, in the normal form that is sent on. Throws DecideError. */
export function pathCondition({ rule }: PathMatcher, scope: RuleScope): AccessCondition {
  refuseConnections('url_path', scope);
  if (rule.case === undefined) throw new DecideError('BAD_MATCH', 'url_path has no path to match');
  const { words, test } = compileStringMatcher(rule.value);
  const holds = ({ request }: AccessRequest) => request !== undefined && test(barePath(request.path));
  return leaf(`path ${words}`, holds, pathNeeds(rule.value));
}

/** A path template. Throws DecideError. */
export function templateCondition({ name, typedConfig }: TypedExtensionConfig, scope: RuleScope): AccessCondition {
  refuseConnections('uri_template', scope);
  const config = unpackAny(typedConfig, UriTemplateMatchConfigSchema);
  if (!config) throw new DecideError('UNSUPPORTED', `uri_template: extension ${name}`);
  const { text, matches } = compileUriTemplate(config.pathTemplate);
  return leaf(`path template "${text}"`, ({ request }) => request !== undefined && matches(barePath(request.path)));
}

function pathNeeds({ matchPattern, ignoreCase }: StringMatcher): readonly PathNeed[] | undefined {
  if (ignoreCase || (matchPattern.case !== 'exact' && matchPattern.case !== 'prefix')) return undefined;
  return [{ kind: matchPattern.case, text: matchPattern.value }];
}

let lastPath = '';
let lastBarePath = '';

/** The path without query and fragment; many rules ask for that of the same request, one after the other. */
export function barePath(path: string): string {
  if (path === lastPath) return lastBarePath;
  lastPath = path;
  return (lastBarePath = withoutQuery(path));
}

function refuseConnections(what: string, scope: RuleScope): void {
  if (scope === 'connection') throw new DecideError('BAD_MATCH', `${what}: a connection has none, requests have`);
}
