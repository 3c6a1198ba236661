// Turns what permissions and principals alike ask of a request, headers and paths, into conditions.
import type { HeaderMatcher } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { PathMatcher } from '@meltemi/api/envoy/type/matcher/v3/path_pb';
import { DecideError } from '../decide-error.ts';
import { compileHeaderCondition } from '../header-match.ts';
import { withoutQuery } from '../path.ts';
import { compileStringMatcher } from '../string-match.ts';
import { type AccessCondition, leaf } from './access-condition.ts';

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
  return leaf(`path ${words}`, ({ request }) => request !== undefined && test(withoutQuery(request.path)));
}

function refuseConnections(what: string, scope: RuleScope): void {
  if (scope === 'connection') throw new DecideError('BAD_MATCH', `${what}: a connection has none, requests have`);
}
