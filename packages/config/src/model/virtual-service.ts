// VirtualService: how requests to hosts are routed. https://istio.io/latest/docs/reference/config/networking/virtual-service/
import type { Labels } from '@meltemi/base';

import { CODE } from '../problem-code.ts';
import {
  decimal,
  type Finding,
  flag,
  integer,
  list,
  mapOf,
  message,
  oneOfTexts,
  portNumber,
  text,
  texts,
} from '../schema.ts';
import { duration, host, nonEmpty, regex } from '../text-check.ts';
import {
  checkWeights,
  type Destination,
  destination,
  type L4Match,
  l4Match,
  type RouteDestination,
  routeDestination,
  type StringMatch,
  stringMatch,
  weight,
} from './destination.ts';

export interface VirtualService {
  readonly hosts: readonly string[];
  readonly gateways?: readonly string[];
  readonly http?: readonly HttpRoute[];
  readonly tls?: readonly TlsRoute[];
  readonly tcp?: readonly TcpRoute[];
  readonly exportTo?: readonly string[];
}

/** Durations are texts in Go's form (`1.5s`). */
export interface HttpRoute {
  readonly name?: string;
  readonly match?: readonly HttpMatch[];
  readonly route?: readonly HttpRouteDestination[];
  readonly redirect?: HttpRedirect;
  readonly directResponse?: HttpDirectResponse;
  readonly delegate?: { readonly name?: string; readonly namespace?: string };
  readonly rewrite?: HttpRewrite;
  readonly timeout?: string;
  readonly retries?: HttpRetry;
  readonly fault?: HttpFault;
  readonly mirror?: Destination;
  readonly mirrors?: readonly HttpMirror[];
  readonly mirrorPercent?: number;
  readonly mirrorPercentage?: Percent;
  readonly corsPolicy?: CorsPolicy;
  readonly headers?: Headers;
}

/** All conditions of one match hold together. */
export interface HttpMatch {
  readonly name?: string;
  readonly uri?: StringMatch;
  readonly scheme?: StringMatch;
  readonly method?: StringMatch;
  readonly authority?: StringMatch;
  readonly headers?: Readonly<Record<string, StringMatch>>;
  readonly withoutHeaders?: Readonly<Record<string, StringMatch>>;
  readonly queryParams?: Readonly<Record<string, StringMatch>>;
  readonly port?: number;
  readonly sourceLabels?: Labels;
  readonly sourceNamespace?: string;
  readonly gateways?: readonly string[];
  readonly ignoreUriCase?: boolean;
  readonly statPrefix?: string;
}

export interface HttpRouteDestination extends RouteDestination {
  readonly headers?: Headers;
}

export interface Headers {
  readonly request?: HeaderOperations;
  readonly response?: HeaderOperations;
}

export interface HeaderOperations {
  readonly set?: Readonly<Record<string, string>>;
  readonly add?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
}

export interface HttpRedirect {
  readonly uri?: string;
  readonly authority?: string;
  readonly port?: number;
  readonly derivePort?: 'FROM_PROTOCOL_DEFAULT' | 'FROM_REQUEST_PORT';
  readonly scheme?: string;
  readonly redirectCode?: number;
}

export interface HttpDirectResponse {
  readonly status: number;
  readonly body?: { readonly string?: string; readonly bytes?: string };
}

export interface HttpRewrite {
  readonly uri?: string;
  readonly authority?: string;
  readonly uriRegexRewrite?: { readonly match: string; readonly rewrite: string };
}

export interface HttpRetry {
  readonly attempts?: number;
  readonly perTryTimeout?: string;
  readonly retryOn?: string;
  readonly retryRemoteLocalities?: boolean;
  readonly retryIgnorePreviousHosts?: boolean;
  readonly backoff?: string;
}

/** A percentage from 0 to 100, with fractions. */
export interface Percent {
  readonly value?: number;
}

/** `percent` is the whole-number form of older rules. */
export interface HttpFault {
  readonly delay?: {
    readonly fixedDelay: string;
    readonly percentage?: Percent;
    readonly percent?: number;
  };
  readonly abort?: {
    readonly httpStatus?: number;
    readonly grpcStatus?: string;
    readonly percentage?: Percent;
    readonly percent?: number;
  };
}

export interface HttpMirror {
  readonly destination: Destination;
  readonly percentage?: Percent;
}

export interface CorsPolicy {
  readonly allowOrigin?: readonly string[];
  readonly allowOrigins?: readonly StringMatch[];
  readonly allowMethods?: readonly string[];
  readonly allowHeaders?: readonly string[];
  readonly exposeHeaders?: readonly string[];
  readonly maxAge?: string;
  readonly allowCredentials?: boolean;
  readonly unmatchedPreflights?: 'UNSPECIFIED' | 'FORWARD' | 'IGNORE';
}

export interface TlsRoute {
  readonly match: readonly (L4Match & { readonly sniHosts: readonly string[] })[];
  readonly route?: readonly RouteDestination[];
}

export interface TcpRoute {
  readonly match?: readonly L4Match[];
  readonly route?: readonly RouteDestination[];
}

const percent = message({ value: decimal(0, 100) });
const wholePercent = integer(0, 100);
const headerOperations = message({ set: mapOf(text()), add: mapOf(text()), remove: texts });
const headers = message({ request: headerOperations, response: headerOperations });

const httpMatch = message({
  name: text(),
  uri: stringMatch,
  scheme: stringMatch,
  method: stringMatch,
  authority: stringMatch,
  headers: mapOf(stringMatch),
  withoutHeaders: mapOf(stringMatch),
  queryParams: mapOf(stringMatch),
  port: portNumber,
  sourceLabels: mapOf(text()),
  sourceNamespace: text(),
  gateways: texts,
  ignoreUriCase: flag,
  statPrefix: text(),
});

const fault = message({
  delay: message(
    { fixedDelay: duration, percentage: percent, percent: wholePercent },
    { required: ['fixedDelay'], oneOf: [['percentage', 'percent']] },
  ),
  abort: message(
    { httpStatus: integer(200, 599), grpcStatus: nonEmpty, percentage: percent, percent: wholePercent },
    {
      oneOf: [
        ['httpStatus', 'grpcStatus'],
        ['percentage', 'percent'],
      ],
      check: checkAbort,
    },
  ),
});

const corsPolicy = message({
  allowOrigin: texts,
  allowOrigins: list(stringMatch),
  allowMethods: texts,
  allowHeaders: texts,
  exposeHeaders: texts,
  maxAge: duration,
  allowCredentials: flag,
  unmatchedPreflights: oneOfTexts('UNSPECIFIED', 'FORWARD', 'IGNORE'),
});

const httpRoute = message(
  {
    name: text(),
    match: list(httpMatch),
    route: list(message({ destination, weight, headers }, { required: ['destination'] })),
    redirect: message(
      {
        uri: text(),
        authority: text(),
        port: portNumber,
        derivePort: oneOfTexts('FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT'),
        scheme: text(),
        redirectCode: integer(300, 399),
      },
      { oneOf: [['port', 'derivePort']] },
    ),
    directResponse: message(
      { status: integer(200, 599), body: message({ string: text(), bytes: text() }, { oneOf: [['string', 'bytes']] }) },
      { required: ['status'] },
    ),
    delegate: message({ name: text(), namespace: text() }),
    rewrite: message(
      {
        uri: text(),
        authority: text(),
        uriRegexRewrite: message({ match: regex, rewrite: text() }, { required: ['match'] }),
      },
      { oneOf: [['uri', 'uriRegexRewrite']] },
    ),
    timeout: duration,
    retries: message({
      attempts: integer(0, 2_147_483_647),
      perTryTimeout: duration,
      retryOn: text(),
      retryRemoteLocalities: flag,
      retryIgnorePreviousHosts: flag,
      backoff: duration,
    }),
    fault,
    mirror: destination,
    mirrors: list(message({ destination, percentage: percent }, { required: ['destination'] })),
    mirrorPercent: wholePercent,
    mirrorPercentage: percent,
    corsPolicy,
    headers,
  },
  {
    oneOf: [
      ['route', 'redirect', 'directResponse', 'delegate'],
      ['mirror', 'mirrors'],
    ],
    check: checkHttpRoute,
  },
);

const tlsMatch = message({ ...l4Match, sniHosts: list(host, 1) }, { required: ['sniHosts'] });
const destinations = list(routeDestination);
const checkRoutes = (route: Readonly<Record<string, unknown>>): Finding[] => checkWeights('route', route['route']);

export const virtualServiceSchema = message(
  {
    hosts: list(host, 1),
    gateways: texts,
    http: list(httpRoute),
    tls: list(message({ match: list(tlsMatch, 1), route: destinations }, { required: ['match'], check: checkRoutes })),
    tcp: list(message({ match: list(message(l4Match)), route: destinations }, { check: checkRoutes })),
    exportTo: texts,
  },
  { required: ['hosts'], check: checkSomeRoute },
);

function checkSomeRoute(spec: Readonly<Record<string, unknown>>): Finding[] {
  if (spec['http'] || spec['tls'] || spec['tcp']) return [];
  return [{ path: [], code: CODE.missing, message: 'one of "http", "tls" and "tcp" is needed' }];
}

function checkHttpRoute(route: Readonly<Record<string, unknown>>): Finding[] {
  const acts = ['route', 'redirect', 'directResponse', 'delegate'].some((field) => route[field] !== undefined);
  const missing: Finding[] = acts
    ? []
    : [
        {
          path: [],
          code: CODE.missing,
          message: 'one of "route", "redirect", "directResponse" and "delegate" is needed',
        },
      ];
  return [...missing, ...checkWeights('route', route['route'])];
}

function checkAbort(abort: Readonly<Record<string, unknown>>): Finding[] {
  if (abort['httpStatus'] !== undefined || abort['grpcStatus'] !== undefined) return [];
  return [{ path: [], code: CODE.missing, message: 'one of "httpStatus" and "grpcStatus" is needed' }];
}
