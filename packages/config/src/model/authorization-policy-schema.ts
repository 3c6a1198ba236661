// The schema of AuthorizationPolicy.
import { CODE } from '../problem-code.ts';
import { type Finding, list, message, oneOfTexts, text } from '../schema.ts';
import { nonEmpty } from '../text-check.ts';
import { checkPolicy, checkSource } from './authorization-checks.ts';
import { OPERATION, SOURCE } from './authorization-policy.ts';
import { policyTarget, selector, TARGETING } from './selector.ts';

const values = list(nonEmpty, 1);
const port = list(
  text((value) =>
    /^\d+$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535
      ? undefined
      : { code: CODE.badValue, message: `${JSON.stringify(value)} is not the number of a port` },
  ),
  1,
);

const trustDomain = list(
  text((value) =>
    value !== '' && !value.includes('/')
      ? undefined
      : { code: CODE.badValue, message: `${JSON.stringify(value)} is not the name of a trust domain` },
  ),
  1,
);

const source = message(
  { ...withOpposites(SOURCE), trustDomains: trustDomain, notTrustDomains: trustDomain },
  { check: (part) => [...checkSaysSomething(part), ...checkSource(part)] },
);
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
  { oneOf: [TARGETING], check: checkPolicy },
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
