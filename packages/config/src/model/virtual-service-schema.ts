// The form of a VirtualService's spec. https://istio.io/latest/docs/reference/config/networking/virtual-service/
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
import { checkShares, destination, l4Match, routeDestination, stringMatch, weight } from './destination.ts';

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
const checkRoutes = (route: Readonly<Record<string, unknown>>): Finding[] => checkShares('route', route['route']);

export const virtualServiceSchema = message(
  {
    hosts: list(host),
    gateways: texts,
    http: list(httpRoute),
    tls: list(message({ match: list(tlsMatch, 1), route: destinations }, { required: ['match'], check: checkRoutes })),
    tcp: list(message({ match: list(message(l4Match)), route: destinations }, { check: checkRoutes })),
    exportTo: texts,
  },
  { check: (spec) => [...checkSomeRoute(spec), ...checkDelegate(spec)] },
);

/** The first version of the API knows no rules without hosts. */
export function checkDelegateVersion(apiVersion: string, { hosts }: Readonly<Record<string, unknown>>): Finding[] {
  const hostless = !Array.isArray(hosts) || hosts.length === 0;
  if (!hostless || !apiVersion.endsWith('/v1alpha3')) return [];
  const message = '"hosts" is needed: rules without, that others lead to, are of networking.istio.io/v1beta1 and later';
  return [{ path: [], code: CODE.missing, message }];
}

/** Without hosts it is for others to lead to: who they are says where its routes hold. */
function checkDelegate({ hosts, gateways, http, ...spec }: Readonly<Record<string, unknown>>): Finding[] {
  if (Array.isArray(hosts) && hosts.length > 0) return [];
  const named = Array.isArray(gateways) && gateways.length > 0 ? ['gateways'] : [];
  const opaque = ['tls', 'tcp'].filter((field) => spec[field] !== undefined);
  const deeper = (Array.isArray(http) ? http : []).flatMap((route: { readonly delegate?: unknown }, index) =>
    route.delegate === undefined ? [] : [['http', index, 'delegate']],
  );
  const message =
    'a rule without hosts is one that others lead to: it has routes of HTTP that act themselves, and nothing else';
  return [...[...named, ...opaque].map((field) => [field]), ...deeper].map((path) => ({
    path,
    code: CODE.exclusive,
    message,
  }));
}

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
  return [...missing, ...checkShares('route', route['route'])];
}

function checkAbort(abort: Readonly<Record<string, unknown>>): Finding[] {
  if (abort['httpStatus'] !== undefined || abort['grpcStatus'] !== undefined) return [];
  return [{ path: [], code: CODE.missing, message: 'one of "httpStatus" and "grpcStatus" is needed' }];
}
