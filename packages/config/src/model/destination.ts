// The parts that routes of all protocols share: where they lead and what they compare.
import type { Labels } from '@meltemi/base';

import { CODE } from '../problem-code.ts';
import { type Finding, integer, labelMap, message, portNumber, text, texts } from '../schema.ts';
import { dnsLabel, host, regex } from '../text-check.ts';

/** https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination */
export interface Destination {
  readonly host: string;
  readonly subset?: string;
  readonly port?: { readonly number: number };
}

/** A weighted destination of a TCP or TLS route. */
export interface RouteDestination {
  readonly destination: Destination;
  readonly weight?: number;
}

/** At most one of the fields. https://istio.io/latest/docs/reference/config/networking/virtual-service/#StringMatch */
export interface StringMatch {
  readonly exact?: string;
  readonly prefix?: string;
  readonly regex?: string;
}

export interface L4Match {
  readonly destinationSubnets?: readonly string[];
  readonly port?: number;
  readonly sourceLabels?: Labels;
  readonly gateways?: readonly string[];
  readonly sourceNamespace?: string;
}

export const stringMatch = message({ exact: text(), prefix: text(), regex }, { oneOf: [['exact', 'prefix', 'regex']] });

export const destination = message(
  { host, subset: dnsLabel, port: message({ number: portNumber }, { required: ['number'] }) },
  { required: ['host'] },
);

/** Weights of Istio are relative; they need not reach 100 where the API is v1. */
export const weight = integer(0, 4_294_967_295);

export const routeDestination = message({ destination, weight }, { required: ['destination'] });

export const l4Match = {
  destinationSubnets: texts,
  port: portNumber,
  sourceLabels: labelMap,
  gateways: texts,
  sourceNamespace: text(),
};

/** Shares of today's API are relative; but what looks like percentages and is not is most likely a mistake. */
export function checkShares(field: string, routes: unknown): Finding[] {
  if (!Array.isArray(routes) || routes.length < 2) return [];
  const weights = routes.map((route: { readonly weight?: number }) => route?.weight ?? 0);
  const sum = weights.reduce((total, each) => total + each, 0);
  const found = { path: [field], code: CODE.weights, hint: weights.join(' + ') };
  if (sum === 0) return [{ ...found, message: 'the weights of the routes add up to 0: none would get anything' }];
  const message = `the weights of the routes add up to ${sum}, not to 100: each gets its share of ${sum}`;
  return sum === 100 ? [] : [{ ...found, message, severity: 'warning' }];
}

/** Weights of a split add up to 100: what the older rules ask for. */
export function checkWeights(field: string, routes: unknown): Finding[] {
  if (!Array.isArray(routes) || routes.length < 2) return [];
  const sum = routes.reduce((total: number, route: { readonly weight?: number }) => total + (route?.weight ?? 0), 0);
  if (sum === 100) return [];
  const written = routes.map((route: { readonly weight?: number }) => route?.weight ?? 0).join(' + ');
  return [
    {
      path: [field],
      code: CODE.weights,
      message: `the weights of the routes add up to ${sum}, not to 100`,
      hint: written,
    },
  ];
}
