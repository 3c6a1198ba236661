// Says who calls in RBAC's words: principals.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type Principal, PrincipalSchema } from '@meltemi/api/envoy/config/rbac/v3/rbac_pb';
import type { StringMatcher } from '@meltemi/api/envoy/type/matcher/v3/string_pb';
import { addressRange } from './address-range.ts';
import { claimMatcher, requestPrincipalMatchers } from './claim-matcher.ts';
import type { Words } from './conjunction.ts';
import { escapeRegex, regexMatcher, wildcardHeader, wildcardMatcher, wildcardRegex } from './wildcard.ts';

export interface PrincipalPlace {
  /** Requests have headers and tokens; connections have not. */
  readonly http: boolean;
}

type Identifier = MessageInitShape<typeof PrincipalSchema>['identifier'];

const SPIFFE = 'spiffe://';

const principal = (identifier: Identifier): Principal => create(PrincipalSchema, { identifier });
const any = principal({ case: 'any', value: true });
const and = (ids: readonly Principal[]): Principal => principal({ case: 'andIds', value: { ids: [...ids] } });
const or = (ids: readonly Principal[]): Principal => principal({ case: 'orIds', value: { ids: [...ids] } });
const not = (part: Principal): Principal => principal({ case: 'notId', value: part });

/** Matches nobody. */
export const NO_PRINCIPAL: Principal = not(any);

export function principalWords({ http }: PrincipalPlace): Words<Principal> {
  return {
    any,
    and,
    or,
    not,
    say: (key, value) => {
      const identifier = sayPeer(key, value) ?? (http ? sayHeader(key, value) : undefined);
      return identifier && principal(identifier);
    },
    sayAll: (key, values) => (http ? sayToken(key, values) : undefined),
  };
}

function sayPeer(key: string, value: string): Identifier {
  switch (key) {
    case 'source.principal':
      return authenticated(wildcardMatcher(value, { prefix: SPIFFE }));
    case 'source.trustDomain':
      return authenticated(trustDomainMatcher(value));
    case 'source.namespace':
      return authenticated(regexMatcher(`.*/ns/${wildcardRegex(value)}/.*`));
    case 'source.serviceAccount':
      return authenticated(regexMatcher(serviceAccountRegex(value)));
    case 'source.ip': {
      const range = addressRange(value);
      return range && { case: 'directRemoteIp', value: range };
    }
    case 'remote.ip': {
      const range = addressRange(value);
      return range && { case: 'remoteIp', value: range };
    }
    default:
      return undefined;
  }
}

function authenticated(principalName: StringMatcher): Identifier {
  return { case: 'authenticated', value: { principalName } };
}

/** `*` alone: an identity of any. It stands for nothing of what comes after the name. */
function trustDomainMatcher(value: string): StringMatcher {
  if (value === '*') return wildcardMatcher(`${SPIFFE}*`);
  if (!value.includes('*')) return wildcardMatcher(`${SPIFFE}${value}/*`);
  const [start = '', ...rest] = value.split('*');
  return regexMatcher(`${SPIFFE}${escapeRegex(start)}[^/]*${escapeRegex(rest.join('*'))}/.*`);
}

/** `namespace/account`; between the parts of a SPIFFE id and after them there may be others. */
function serviceAccountRegex(value: string): string {
  const [namespace = '', account = ''] = value.split('/').map(escapeRegex);
  return `spiffe://.+/ns/${namespace}/(.+/|)sa/${account}(/.+)?`;
}

function sayHeader(key: string, value: string): Identifier {
  const [, name] = /^request\.headers\[([^[\]]+)\]$/.exec(key) ?? [];
  return name ? { case: 'header', value: wildcardHeader(name, value) } : undefined;
}

function sayToken(key: string, values: readonly string[]): Principal | undefined {
  if (key === 'request.auth.principal') {
    const principals = values.map(sayRequestPrincipal);
    return principals.length === 1 ? principals[0] : or(principals);
  }
  const claims = claimsOf(key);
  return claims && principal({ case: 'metadata', value: claimMatcher(claims, values) });
}

function sayRequestPrincipal(value: string): Principal {
  const { issuer, subject } = requestPrincipalMatchers(value);
  return and([principal({ case: 'metadata', value: issuer }), principal({ case: 'metadata', value: subject })]);
}

/** `request.auth.claims[a][b]` is claim `b` of `a`. */
function claimsOf(key: string): readonly string[] | undefined {
  if (key === 'request.auth.audiences') return ['aud'];
  if (key === 'request.auth.presenter') return ['azp'];
  const [, brackets] = /^request\.auth\.claims((?:\[[^[\]]+\])+)$/.exec(key) ?? [];
  return brackets?.slice(1, -1).split('][');
}
