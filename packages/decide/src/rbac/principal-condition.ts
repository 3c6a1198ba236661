// Turns a Principal, who calls, into a condition.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/rbac/v3/rbac.proto#config-rbac-v3-principal
import type { Principal } from '@meltemi/api/envoy/config/rbac/v3/rbac_pb';
import type { FilterStateMatcher } from '@meltemi/api/envoy/type/matcher/v3/filter_state_pb';
import type { StringMatcher } from '@meltemi/api/envoy/type/matcher/v3/string_pb';
import { DecideError } from '../decide-error.ts';
import { compileStringMatcher } from '../string-match.ts';
import { type AccessCondition, allOf, ANYTHING, leaf, noneOf, oneOf } from './access-condition.ts';
import type { AccessRequest } from './access-request.ts';
import { addressCondition } from './address-condition.ts';
import { metadataCondition } from './metadata-condition.ts';
import { headerCondition, pathCondition, type RuleScope } from './request-condition.ts';

/** Throws DecideError for what can't be judged: a rule is never left out. */
export function principalCondition({ identifier }: Principal, scope: RuleScope): AccessCondition {
  switch (identifier.case) {
    case 'any':
      return identifier.value ? ANYTHING : refuse('BAD_MATCH', 'any: false');
    case 'andIds':
      return allOf(identifier.value.ids.map((part) => principalCondition(part, scope)));
    case 'orIds':
      return oneOf(identifier.value.ids.map((part) => principalCondition(part, scope)));
    case 'notId':
      return noneOf(principalCondition(identifier.value, scope));
    case 'authenticated':
      return peerCondition(identifier.value.principalName);
    case 'sourceIp':
    case 'directRemoteIp':
      return addressCondition('direct client address', identifier.value, directAddress);
    case 'remoteIp':
      return addressCondition('client address', identifier.value, clientAddress);
    case 'header':
      return headerCondition(identifier.value, scope);
    case 'urlPath':
      return pathCondition(identifier.value, scope);
    case 'metadata':
      return metadataCondition(identifier.value);
    case 'filterState':
      return stateCondition(identifier.value);
    case undefined:
      return refuse('UNSUPPORTED', 'no identifier, or one that is not known');
  }
}

/** A URI name, a DNS name or the subject of the client's certificate; without a matcher, TLS is enough. */
function peerCondition(principalName: StringMatcher | undefined): AccessCondition {
  if (!principalName) return leaf('a client over TLS', ({ connection }) => connection.peer !== undefined);
  const { words, test } = compileStringMatcher(principalName);
  return leaf(`principal ${words}`, ({ connection: { peer } }) => {
    if (!peer) return false;
    return peer.uris.some(test) || peer.dns.some(test) || test(peer.subject);
  });
}

/** What an earlier filter kept as a text. */
function stateCondition({ key, matcher }: FilterStateMatcher): AccessCondition {
  if (matcher.case !== 'stringMatch')
    return refuse('UNSUPPORTED', `filter_state ${key}: ${matcher.case ?? 'no'} match`);
  const { words, test } = compileStringMatcher(matcher.value);
  return leaf(`filter state ${key} ${words}`, ({ filterState }) => {
    const value = filterState?.get(key);
    return typeof value === 'string' && test(value);
  });
}

function directAddress({ connection }: AccessRequest): string {
  return connection.remote.host;
}

function clientAddress({ connection, request }: AccessRequest): string {
  return request?.remoteAddress || connection.remote.host;
}

function refuse(code: 'BAD_MATCH' | 'UNSUPPORTED', what: string): never {
  throw new DecideError(code, `principal: ${what}`);
}
