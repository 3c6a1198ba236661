// AuthorizationPolicy: who may call a workload, and what. https://istio.io/latest/docs/reference/config/security/authorization-policy/
import { CODE } from '../problem-code.ts';
import { type Finding, list, message, oneOfTexts, text } from '../schema.ts';
import { nonEmpty } from '../text-check.ts';
import { type PolicyTarget, policyTarget, selector, TARGETING, type WorkloadSelector } from './selector.ts';

export interface AuthorizationPolicy {
  readonly selector?: WorkloadSelector;
  readonly targetRef?: PolicyTarget;
  readonly targetRefs?: readonly PolicyTarget[];
  readonly rules?: readonly AuthorizationRule[];
  readonly action?: 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM';
  readonly provider?: { readonly name?: string };
}

/** Every part that is there must match; of a part's entries, one. */
export interface AuthorizationRule {
  readonly from?: readonly { readonly source: AuthorizationSource }[];
  readonly to?: readonly { readonly operation: AuthorizationOperation }[];
  readonly when?: readonly AuthorizationCondition[];
}

const SOURCE = [
  'principals',
  'requestPrincipals',
  'namespaces',
  'serviceAccounts',
  'ipBlocks',
  'remoteIpBlocks',
] as const;
const OPERATION = ['hosts', 'ports', 'methods', 'paths'] as const;

type WithOpposites<Name extends string> = { readonly [Field in Name | `not${Capitalize<Name>}`]?: readonly string[] };
export type AuthorizationSource = WithOpposites<(typeof SOURCE)[number]>;
export type AuthorizationOperation = WithOpposites<(typeof OPERATION)[number]>;

/** `key` is an attribute, `request.headers[version]`. */
export interface AuthorizationCondition {
  readonly key: string;
  readonly values?: readonly string[];
  readonly notValues?: readonly string[];
}

const values = list(nonEmpty, 1);
const port = list(
  text((value) =>
    /^\d+$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535
      ? undefined
      : { code: CODE.badValue, message: `${JSON.stringify(value)} is not the number of a port` },
  ),
  1,
);

const source = message(withOpposites(SOURCE), { check: checkSaysSomething });
const operation = message({ ...withOpposites(OPERATION), ports: port, notPorts: port }, { check: checkSaysSomething });
const condition = message({ key: nonEmpty, values, notValues: values }, { required: ['key'], check: checkCondition });

const rule = message({
  from: list(message({ source }, { required: ['source'] }), 1),
  to: list(message({ operation }, { required: ['operation'] }), 1),
  when: list(condition, 1),
});

export const authorizationPolicySchema = message(
  {
    selector,
    targetRef: policyTarget,
    targetRefs: list(policyTarget),
    rules: list(rule),
    action: oneOfTexts('ALLOW', 'DENY', 'AUDIT', 'CUSTOM'),
    provider: message({ name: text() }),
  },
  { oneOf: [TARGETING], check: checkProvider },
);

function withOpposites(names: readonly string[]): Readonly<Record<string, typeof values>> {
  const opposites = names.map((name) => `not${name[0]!.toUpperCase()}${name.slice(1)}`);
  return Object.fromEntries([...names, ...opposites].map((name) => [name, values]));
}

function checkSaysSomething(part: Readonly<Record<string, unknown>>): Finding[] {
  if (Object.keys(part).length > 0) return [];
  return [{ path: [], code: CODE.missing, message: 'must say something: empty, it would match nothing' }];
}

function checkCondition(written: Readonly<Record<string, unknown>>): Finding[] {
  if (written['values'] !== undefined || written['notValues'] !== undefined) return [];
  return [{ path: [], code: CODE.missing, message: 'one of "values" and "notValues" is needed' }];
}

function checkProvider(policy: Readonly<Record<string, unknown>>): Finding[] {
  const isCustom = policy['action'] === 'CUSTOM';
  if (isCustom && policy['provider'] === undefined) {
    return [{ path: ['action'], code: CODE.missing, message: 'the action CUSTOM needs the field "provider"' }];
  }
  if (isCustom || policy['provider'] === undefined) return [];
  return [{ path: ['provider'], code: CODE.exclusive, message: '"provider" is only for the action CUSTOM' }];
}
