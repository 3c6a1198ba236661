// Attributes of a request → the combined answer of all rules that match: checks, quotas and reports.
import type { Logger } from '@meltemi/base';

import {
  type CheckInstance,
  type CheckResult,
  type Quota,
  type QuotaArgs,
  type QuotaResult,
  STATUS,
} from '../adapters/adapter.ts';
import type { ReportInstance, Status, TemplateName } from '../adapters/adapter.ts';
import type { AttributeBag } from '../attributes/attribute-bag.ts';
import { type Reference, ReferenceLog } from '../attributes/reference-log.ts';
import { ExpressionError } from '../expr/expression-error.ts';

import type { Action, Policy, Rule } from './compile-policy.ts';

export interface CheckVerdict extends CheckResult {
  /** What the answer depends on. */
  readonly references: readonly Reference[];
}

export interface QuotaVerdict extends QuotaResult {
  readonly references: readonly Reference[];
}

/** What an answer without any action is good for. */
const DEFAULT_VALID = { validDurationMs: 10_000, validUseCount: 10_000 } as const;

const OK: Status = { code: STATUS.OK, message: '' };

export interface PolicyEngine {
  /** Every action is asked; the first refusal gives the code, and all of them the message. */
  check(attributes: AttributeBag): CheckVerdict;
  /** `name` is an instance's, short (`requestcount`) or whole. Granted in full where no rule has such a quota. */
  quota(attributes: AttributeBag, name: string, args: QuotaArgs): QuotaVerdict | Promise<QuotaVerdict>;
  report(attributes: AttributeBag): void;
}

/** Rules of `configNamespace` are for all requests, others for those to services of their own namespace. */
export function policyEngine(policy: Policy, configNamespace: string, log: Logger): PolicyEngine {
  const run = ruleRunner(policy.rules, configNamespace, log);
  const [checks, quotas, reports] = [
    run(['checknothing', 'listentry']),
    run(['quota']),
    run(['logentry', 'metric', 'reportnothing']),
  ];
  return {
    check: (attributes) => {
      const references = new ReferenceLog(attributes.vocabulary);
      const bag = attributes.tracked(references);
      const results = checks(bag).map((action) => checkAction(action, bag));
      return { ...kept(combine(results), references), references: references.references() };
    },
    quota: (attributes, name, args) => {
      const references = new ReferenceLog(attributes.vocabulary);
      const bag = attributes.tracked(references);
      const action = quotas(bag).find(({ instanceName }) => `${instanceName}.`.startsWith(`${name}.`));
      const result = action ? quotaAction(action, bag, args, log) : grantAll(args);
      return result instanceof Promise
        ? result.then((late) => quotaVerdict(late, references))
        : quotaVerdict(result, references);
    },
    report: (attributes) => {
      for (const action of reports(attributes)) reportAction(action, attributes, log);
    },
  };
}

/** References can't say that an answer depends on a whole map: it is for this request alone. */
function kept(result: CheckResult, references: ReferenceLog): CheckResult {
  return references.whole ? { ...result, validDurationMs: 0, validUseCount: 0 } : result;
}

function quotaVerdict(result: QuotaResult, references: ReferenceLog): QuotaVerdict {
  const validDurationMs = references.whole ? 0 : result.validDurationMs;
  return { ...result, validDurationMs, references: references.references() };
}

type RunRules = (attributes: AttributeBag) => readonly Action[];

/** Rules without an action of the templates are not asked: an answer must not depend on what only they read. */
function ruleRunner(
  rules: readonly Rule[],
  configNamespace: string,
  log: Logger,
): (templates: readonly TemplateName[]) => RunRules {
  return (templates) => {
    const serving = rules
      .map((rule) => ({ ...rule, actions: rule.actions.filter(({ template }) => templates.includes(template)) }))
      .filter(({ actions }) => actions.length > 0);
    const forAll = serving.every(({ namespace }) => namespace === configNamespace);
    return (attributes) => {
      const namespace = forAll ? configNamespace : destinationNamespace(attributes);
      return serving
        .filter((rule) => rule.namespace === configNamespace || rule.namespace === namespace)
        .filter((rule) => matches(rule, attributes, log))
        .flatMap(({ actions }) => actions);
    };
  };
}

function matches(rule: Rule, attributes: AttributeBag, log: Logger): boolean {
  try {
    return rule.matches(attributes);
  } catch (error) {
    log.warn(`rule ${rule.namespace}/${rule.name} does not match: ${messageOf(error)}`);
    return false;
  }
}

/** The second label of the service's name where no attribute says it. */
function destinationNamespace(attributes: AttributeBag): string | undefined {
  const services = ['destination.service.host', 'destination.service', 'target.service'];
  return (
    readText(attributes, 'destination.namespace') ??
    services.map((name) => readText(attributes, name)?.split('.')[1]).find((namespace) => namespace !== undefined)
  );
}

/** Noted, for the answer depends on it. */
function readText(attributes: AttributeBag, name: string): string | undefined {
  const known = attributes.vocabulary.find(name);
  const value = known && attributes.read(known.slot);
  return typeof value === 'string' ? value : undefined;
}

interface Answer extends CheckResult {
  readonly handlerName: string;
}

function checkAction({ handlerName, handler, build }: Action, attributes: AttributeBag): Answer {
  try {
    return { handlerName, ...handler.check!(build(attributes) as CheckInstance) };
  } catch (error) {
    const status = { code: STATUS.INTERNAL, message: messageOf(error) };
    return { handlerName, status, validDurationMs: 0, validUseCount: 0 };
  }
}

function combine(answers: readonly Answer[]): CheckResult {
  const refusals = answers.filter(({ status }) => status.code !== STATUS.OK);
  const message = refusals.map(({ handlerName, status }) => `${handlerName}:${status.message}`).join(', ');
  const [first] = refusals;
  return {
    status: first ? { code: first.status.code, message } : OK,
    validDurationMs: Math.min(DEFAULT_VALID.validDurationMs, ...answers.map((answer) => answer.validDurationMs)),
    validUseCount: Math.min(DEFAULT_VALID.validUseCount, ...answers.map((answer) => answer.validUseCount)),
  };
}

function quotaAction(
  { handlerName, handler, build }: Action,
  bag: AttributeBag,
  args: QuotaArgs,
  log: Logger,
): QuotaResult | Promise<QuotaResult> {
  try {
    return handler.quota!(build(bag) as Quota, args);
  } catch (error) {
    log.warn(`quota of ${handlerName} is not counted: ${messageOf(error)}`);
    return grantAll(args);
  }
}

function grantAll({ amount }: QuotaArgs): QuotaResult {
  return { granted: amount, validDurationMs: DEFAULT_VALID.validDurationMs };
}

function reportAction({ handlerName, handler, instanceName, build }: Action, bag: AttributeBag, log: Logger): void {
  try {
    handler.report!(build(bag) as ReportInstance);
  } catch (error) {
    log.warn(`${handlerName} gets no ${instanceName}: ${messageOf(error)}`);
  }
}

/** Absent attributes are the request's; anything else is ours, and goes on. */
function messageOf(error: unknown): string {
  if (error instanceof ExpressionError) return error.message;
  throw error;
}
