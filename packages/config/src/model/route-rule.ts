// RouteRule and DestinationPolicy of config.istio.io/v1alpha2: the rules of Istio 0.2.
import type { Labels } from '@meltemi/base';

import { CODE } from '../problem-code.ts';
import {
  anything,
  count,
  decimal,
  type Finding,
  flag,
  integer,
  labelMap,
  list,
  mapOf,
  message,
  oneOfTexts,
  text,
} from '../schema.ts';
import { duration, nonEmpty } from '../text-check.ts';
import { ignoredFields } from './ignored-fields.ts';
import { checkWeights, type StringMatch, stringMatch } from './destination.ts';

/** A service, by parts or in full (`service`); `labels` narrow it to a version. */
export interface IstioService {
  readonly name?: string;
  readonly namespace?: string;
  readonly domain?: string;
  readonly service?: string;
  readonly labels?: Labels;
}

/** Rules of one destination are tried from the highest precedence down; the first that matches holds. */
export interface RouteRule {
  readonly destination: IstioService;
  readonly precedence?: number;
  readonly match?: MatchCondition;
  readonly route?: readonly DestinationWeight[];
  readonly redirect?: { readonly uri?: string; readonly authority?: string };
  readonly rewrite?: { readonly uri?: string; readonly authority?: string };
  readonly websocketUpgrade?: boolean;
  readonly httpReqTimeout?: { readonly simpleTimeout?: { readonly timeout: string } };
  readonly httpReqRetries?: { readonly simpleRetry?: { readonly attempts: number; readonly perTryTimeout?: string } };
  readonly httpFault?: RuleFault;
  readonly mirror?: IstioService;
  readonly appendHeaders?: Readonly<Record<string, string>>;
}

/** Among the headers, `uri`, `scheme`, `method` and `authority` mean the request's own. */
export interface MatchCondition {
  readonly source?: IstioService;
  readonly request?: { readonly headers?: Readonly<Record<string, StringMatch>> };
}

export interface DestinationWeight {
  readonly labels?: Labels;
  readonly weight?: number;
  readonly destination?: IstioService;
}

/** Percentages are 0–100; without one the fault never happens. */
export interface RuleFault {
  readonly delay?: { readonly percent?: number; readonly fixedDelay?: string };
  readonly abort?: { readonly percent?: number; readonly httpStatus?: number };
}

export interface DestinationPolicy {
  readonly destination: IstioService;
  readonly source?: IstioService;
  readonly loadBalancing?: { readonly name?: 'ROUND_ROBIN' | 'LEAST_CONN' | 'RANDOM' };
  readonly circuitBreaker?: { readonly simpleCb?: SimpleCircuitBreaker };
}

export interface SimpleCircuitBreaker {
  readonly maxConnections?: number;
  readonly httpMaxPendingRequests?: number;
  readonly httpMaxRequests?: number;
  readonly sleepWindow?: string;
  readonly httpConsecutiveErrors?: number;
  readonly httpDetectionInterval?: string;
  readonly httpMaxRequestsPerConnection?: number;
  readonly httpMaxEjectionPercent?: number;
  readonly httpMaxRetries?: number;
}

const istioService = message(
  { name: nonEmpty, namespace: nonEmpty, domain: nonEmpty, service: nonEmpty, labels: labelMap },
  { oneOf: [['name', 'service']] },
);
const namedService = message(istioService.fields, { oneOf: istioService.oneOf, check: checkNamed });
const path = message({ uri: text(), authority: text() });

export const routeRuleSchema = message(
  {
    destination: namedService,
    precedence: integer(-2_147_483_648, 2_147_483_647),
    match: message({
      source: istioService,
      request: message({ headers: mapOf(stringMatch) }),
      tcp: anything,
      udp: anything,
    }),
    route: list(message({ labels: labelMap, weight: integer(0, 100), destination: namedService })),
    redirect: path,
    rewrite: path,
    websocketUpgrade: flag,
    httpReqTimeout: message({
      simpleTimeout: message({ timeout: duration, overrideHeaderName: text() }, { required: ['timeout'] }),
    }),
    httpReqRetries: message({
      simpleRetry: message(
        { attempts: integer(0, 2_147_483_647), perTryTimeout: duration, overrideHeaderName: text() },
        { required: ['attempts'] },
      ),
    }),
    httpFault: message({
      delay: message(
        { percent: decimal(0, 100), fixedDelay: duration, overrideHeaderName: text() },
        { required: ['fixedDelay'] },
      ),
      abort: message(
        { percent: decimal(0, 100), httpStatus: integer(200, 599), overrideHeaderName: text() },
        { required: ['httpStatus'] },
      ),
    }),
    l4Fault: anything,
    mirror: namedService,
    appendHeaders: mapOf(text()),
  },
  {
    required: ['destination'],
    oneOf: [
      ['route', 'redirect'],
      ['redirect', 'rewrite'],
      ['redirect', 'httpFault'],
    ],
    check: checkRule,
  },
);

export const destinationPolicySchema = message(
  {
    destination: namedService,
    source: istioService,
    loadBalancing: message({ name: oneOfTexts('ROUND_ROBIN', 'LEAST_CONN', 'RANDOM'), custom: anything }),
    circuitBreaker: message({
      simpleCb: message({
        maxConnections: count,
        httpMaxPendingRequests: count,
        httpMaxRequests: count,
        sleepWindow: duration,
        httpConsecutiveErrors: count,
        httpDetectionInterval: duration,
        httpMaxRequestsPerConnection: count,
        httpMaxEjectionPercent: integer(0, 100),
        httpMaxRetries: count,
      }),
      custom: anything,
    }),
  },
  {
    required: ['destination'],
    check: (policy) => ignoredFields(policy, ['source', 'loadBalancing.custom', 'circuitBreaker.custom']),
  },
);

function checkNamed(service: Readonly<Record<string, unknown>>): Finding[] {
  if (service['name'] !== undefined || service['service'] !== undefined) return [];
  return [{ path: [], code: CODE.missing, message: 'one of "name" and "service" is needed' }];
}

const UNFOLLOWED = [
  'match.tcp',
  'match.udp',
  'l4Fault',
  'httpReqTimeout.simpleTimeout.overrideHeaderName',
  'httpReqRetries.simpleRetry.overrideHeaderName',
  'httpFault.delay.overrideHeaderName',
  'httpFault.abort.overrideHeaderName',
];

function checkRule(rule: Readonly<Record<string, unknown>>): Finding[] {
  return [...checkWeights('route', rule['route']), ...ignoredFields(rule, UNFOLLOWED)];
}
