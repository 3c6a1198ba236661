// Turns a Permission, what is called, into a condition.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/rbac/v3/rbac.proto#config-rbac-v3-permission
import type { Permission } from '@meltemi/api/envoy/config/rbac/v3/rbac_pb';
import { DecideError } from '../decide-error.ts';
import { compileStringMatcher } from '../string-match.ts';
import { type AccessCondition, allOf, ANYTHING, leaf, noneOf, oneOf } from './access-condition.ts';
import { addressCondition } from './address-condition.ts';
import { metadataCondition } from './metadata-condition.ts';
import { headerCondition, pathCondition, type RuleScope, templateCondition } from './request-condition.ts';

/** Throws DecideError for what can't be judged: a rule is never left out. */
export function permissionCondition({ rule }: Permission, scope: RuleScope): AccessCondition {
  switch (rule.case) {
    case 'any':
      return rule.value ? ANYTHING : refuse('BAD_MATCH', 'any: false');
    case 'andRules':
      return allOf(rule.value.rules.map((part) => permissionCondition(part, scope)));
    case 'orRules':
      return oneOf(rule.value.rules.map((part) => permissionCondition(part, scope)));
    case 'notRule':
      return noneOf(permissionCondition(rule.value, scope));
    case 'header':
      return headerCondition(rule.value, scope);
    case 'urlPath':
      return pathCondition(rule.value, scope);
    case 'destinationIp':
      return addressCondition('destination address', rule.value, ({ connection }) => connection.local.host);
    case 'destinationPort':
      return portCondition(rule.value, rule.value + 1);
    case 'destinationPortRange':
      return portCondition(rule.value.start, rule.value.end);
    case 'metadata':
      return metadataCondition(rule.value);
    case 'requestedServerName': {
      const { words, test } = compileStringMatcher(rule.value);
      return leaf(`server name ${words}`, ({ connection }) => test(connection.serverName ?? ''));
    }
    case 'uriTemplate':
      return templateCondition(rule.value, scope);
    case 'matcher':
      return refuse('UNSUPPORTED', `extension ${rule.value.name}`);
    case undefined:
      return refuse('UNSUPPORTED', 'no rule, or one that is not known');
  }
}

function portCondition(start: number, end: number): AccessCondition {
  const words = end === start + 1 ? `destination port ${start}` : `destination port in [${start}, ${end})`;
  return leaf(words, ({ connection }) => connection.local.port >= start && connection.local.port < end);
}

function refuse(code: 'BAD_MATCH' | 'UNSUPPORTED', what: string): never {
  throw new DecideError(code, `permission: ${what}`);
}
