// What an AuthorizationPolicy must not say, although each of its fields is right.
import { CODE } from '../problem-code.ts';
import type { Finding } from '../schema.ts';
import type { AuthorizationPolicy, AuthorizationRule, AuthorizationSource } from './authorization-policy.ts';

/** Findings of a policy's parts together. */
export function checkPolicy(policy: AuthorizationPolicy): Finding[] {
  return [...checkProvider(policy), ...checkRules(policy), ...checkCustom(policy)];
}

export function checkSource(source: AuthorizationSource): Finding[] {
  const { serviceAccounts, notServiceAccounts, principals, notPrincipals, namespaces, notNamespaces } = source;
  const accounts = serviceAccounts ?? notServiceAccounts;
  const others = principals ?? notPrincipals ?? namespaces ?? notNamespaces;
  if (!accounts || !others) return [];
  const message = 'service accounts say the namespace too: they stand without principals and namespaces';
  return [{ path: [serviceAccounts ? 'serviceAccounts' : 'notServiceAccounts'], code: CODE.exclusive, message }];
}

function checkProvider({ action, provider }: AuthorizationPolicy): Finding[] {
  const isCustom = action === 'CUSTOM';
  if (isCustom && provider === undefined) {
    return [{ path: ['action'], code: CODE.missing, message: 'the action CUSTOM needs the field "provider"' }];
  }
  if (isCustom || provider === undefined) return [];
  return [{ path: ['provider'], code: CODE.exclusive, message: '"provider" is only for the action CUSTOM' }];
}

/** Without a rule only ALLOW says something: nobody may. */
function checkRules({ action, rules = [] }: AuthorizationPolicy): Finding[] {
  if ((action !== 'DENY' && action !== 'CUSTOM') || rules.length > 0) return [];
  const message = `the action ${action} does nothing without "rules"; for every request, write an empty rule: [{}]`;
  return [{ path: ['action'], code: CODE.missing, message }];
}

/** An authorizer is asked before tokens are read, and says itself who may: Istio takes only what is called, and addresses. */
function checkCustom({ action, rules = [] }: AuthorizationPolicy): Finding[] {
  if (action !== 'CUSTOM') return [];
  return rules.flatMap((rule, index) =>
    customFindings(rule).map((each) => ({ ...each, path: ['rules', index, ...each.path] })),
  );
}

const ADDRESSES = /^(not)?(remote)?ipBlocks$/i;
const CALLERS = /^(source\.(namespace|serviceAccount|trustDomain|principal)$|request\.auth\.)/;

/** A source that is missing is said elsewhere. */
function fieldsOf(source: object | undefined): readonly string[] {
  return Object.keys(source ?? {});
}

function customFindings({ from = [], when = [] }: AuthorizationRule): Finding[] {
  const refused = (path: Finding['path'], what: string): Finding => ({
    path,
    code: CODE.exclusive,
    message: `${what} is not for the action CUSTOM: its authorizer knows who calls`,
  });
  return [
    ...from.flatMap(({ source }, index) =>
      fieldsOf(source)
        .filter((field) => !ADDRESSES.test(field))
        .map((field) => refused(['from', index, 'source', field], `"${field}"`)),
    ),
    ...when.flatMap(({ key }, index) => (CALLERS.test(key) ? [refused(['when', index, 'key'], `"${key}"`)] : [])),
  ];
}
