// Tells which headers of a request an authorization server may change, and leaves out of its verdict what it may not.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/common/mutation_rules/v3/mutation_rules.proto
import type { HeaderMutationRules } from '@meltemi/api/envoy/config/common/mutation_rules/v3/mutation_rules_pb';
import { compileRegex } from '@meltemi/decide';
import type { Allowed } from './authz-verdict.ts';

export interface MutationRules {
  readonly allows: (name: string, operation: 'set' | 'append' | 'remove') => boolean;
  /** What is not allowed is no error, but without effect. */
  readonly ignores: boolean;
}

const ROUTING: ReadonlySet<string> = new Set(['host', ':authority', ':scheme', ':method']);

/** Throws DecideError. */
export function mutationRules(rules: HeaderMutationRules): MutationRules {
  const denied = rules.disallowExpression ? compileRegex(rules.disallowExpression.regex) : () => false;
  const allowed = rules.allowExpression ? compileRegex(rules.allowExpression.regex) : () => false;
  return {
    allows(name, operation) {
      const isSystem = name.startsWith(':');
      if ((operation === 'remove' && (isSystem || name === 'host')) || (operation === 'append' && isSystem))
        return false;
      if (denied(name)) return false;
      if (allowed(name)) return true;
      if (rules.disallowAll || (isSystem && rules.disallowSystem)) return false;
      if (ROUTING.has(name)) return rules.allowAllRouting ?? false;
      return !name.startsWith('x-envoy') || (rules.allowEnvoy ?? false);
    },
    ignores: !rules.disallowIsError,
  };
}

/** Undefined: it wants what is an error. */
export function withinRules(verdict: Allowed, rules: MutationRules | undefined): Allowed | undefined {
  if (!rules) return verdict;
  const request = verdict.request.filter(({ name, kind }) =>
    rules.allows(name.toLowerCase(), kind === 'join' ? 'append' : 'set'),
  );
  const removedHeaders = verdict.removedHeaders.filter((name) => rules.allows(name.toLowerCase(), 'remove'));
  const isWhole = request.length === verdict.request.length && removedHeaders.length === verdict.removedHeaders.length;
  return isWhole || rules.ignores ? { ...verdict, request, removedHeaders } : undefined;
}
