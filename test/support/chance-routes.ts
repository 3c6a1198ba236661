// Routes where chance decides, and what share of requests each of their outcomes must get.
import type { JsonObject } from '@bufbuild/protobuf';
import { FAULT_TYPE } from './envoy-bootstrap.ts';

/** By cluster, or by status for answers without an upstream. */
export type Shares = Readonly<Record<string, number>>;

export interface Chance {
  /** Also the host to ask. */
  readonly name: string;
  readonly routes: readonly JsonObject[];
  readonly shares: Shares;
}

const everything = { prefix: '/' };

export const CHANCES: readonly Chance[] = [
  {
    name: 'weights',
    routes: [{ match: everything, route: weighted({ v1: 70, v2: 25, v3: 5 }) }],
    shares: { v1: 0.7, v2: 0.25, v3: 0.05 },
  },
  {
    name: 'weights-of-any-total',
    routes: [{ match: everything, route: weighted({ v1: 1, v2: 2, v3: 0 }) }],
    shares: { v1: 1 / 3, v2: 2 / 3 },
  },
  {
    // One number serves all routes: who missed 30 % is in the next 30 % of 60 %.
    name: 'fractions-of-successive-routes',
    routes: [
      { match: { ...everything, runtimeFraction: fraction(30) }, route: { cluster: 'v1' } },
      { match: { ...everything, runtimeFraction: fraction(60) }, route: { cluster: 'v2' } },
      { match: everything, route: { cluster: 'v3' } },
    ],
    shares: { v1: 0.3, v2: 0.3, v3: 0.4 },
  },
  {
    // The same number again: of weights that add up to 100, those in the fraction see the first half alone.
    name: 'weights-within-a-fraction',
    routes: [
      { match: { ...everything, runtimeFraction: fraction(50) }, route: weighted({ v1: 50, v2: 50 }) },
      { match: everything, route: { cluster: 'v3' } },
    ],
    shares: { v1: 0.5, v3: 0.5 },
  },
  {
    // Weights of another total see another remainder of it.
    name: 'weights-of-another-total-within-a-fraction',
    routes: [
      { match: { ...everything, runtimeFraction: fraction(50) }, route: weighted({ v1: 1, v2: 2 }) },
      { match: everything, route: { cluster: 'v3' } },
    ],
    shares: { v1: 1 / 6, v2: 1 / 3, v3: 0.5 },
  },
  {
    // A remainder by 100 below 50 may be even or odd.
    name: 'even-weights-within-a-fraction',
    routes: [
      { match: { ...everything, runtimeFraction: fraction(50) }, route: weighted({ v1: 1, v2: 1 }) },
      { match: everything, route: { cluster: 'v3' } },
    ],
    shares: { v1: 0.25, v2: 0.25, v3: 0.5 },
  },
  {
    name: 'aborts',
    routes: [
      {
        match: everything,
        route: { cluster: 'v1' },
        typedPerFilterConfig: {
          'envoy.filters.http.fault': {
            '@type': FAULT_TYPE,
            abort: { httpStatus: 503, percentage: { numerator: 200_000, denominator: 'MILLION' } },
          },
        },
      },
    ],
    shares: { v1: 0.8, 503: 0.2 },
  },
];

export function chanceRoutes(): JsonObject {
  return {
    name: 'chance',
    virtualHosts: CHANCES.map(({ name, routes }) => ({ name, domains: [name], routes: [...routes] })),
  };
}

function weighted(weights: Readonly<Record<string, number>>): JsonObject {
  return { weightedClusters: { clusters: Object.entries(weights).map(([name, weight]) => ({ name, weight })) } };
}

function fraction(numerator: number): JsonObject {
  return { defaultValue: { numerator, denominator: 'HUNDRED' } };
}
