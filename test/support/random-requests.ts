// Makes random requests that meet random routes, and random paths that meet every rule of normal forms.
import * as fc from 'fast-check';
import { barePath } from './random-matches.ts';
import { CLUSTER_HEADER, CLUSTERS, WEIGHT_HEADER } from './random-routes.ts';

export interface TestRequest {
  readonly method: string;
  readonly authority: string;
  /** Path with query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
}

const value = fc.constantFrom('a', 'b', '1', 'ab', '5', '');

/** A field once, and now and then more often. */
function field(of: fc.Arbitrary<string>): fc.Arbitrary<string | string[]> {
  return fc.oneof({ weight: 3, arbitrary: of }, { weight: 1, arbitrary: fc.array(of, { minLength: 2, maxLength: 3 }) });
}

const headers = fc.record(
  {
    x: field(value),
    y: field(value),
    [CLUSTER_HEADER]: field(fc.constantFrom(...CLUSTERS)),
    // Where it is repeated, chance decides.
    [WEIGHT_HEADER]: fc.nat({ max: 300 }).map(String),
    'content-type': fc.constantFrom('text/plain', 'application/grpc', 'application/grpc+proto', 'application/grpcx'),
  },
  { requiredKeys: [WEIGHT_HEADER] },
);

const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
  body: fc.constantFrom('', '', 'a body'),
  port: fc.constantFrom('', ':80', ':8080'),
  path: barePath,
  query: fc.constantFrom('', '?', '?x', '?x=1', '?y=a&x=1', '?x=1&x=2', '?x=&y'),
  headers,
});

/** Requests to `h0`, `h1` … in turn; the same for the same seed. */
export function randomRequests(seed: number, hosts: number, perHost: number): readonly TestRequest[] {
  return fc
    .sample(request, { numRuns: hosts * perHost, seed })
    .map(({ method, body, port, path, query, headers }, index) => ({
      method,
      body: method === 'GET' ? '' : body,
      authority: `h${index % hosts}${port}`,
      path: path + query,
      headers,
    }));
}

// oxfmt-ignore
const PIECES = [
  '/', '..', '.', '%2e', '%2E%2e', '...', '//', '%2F', '%5c', '\\', ';x', 'a', '?', '#', '%41', '%7e', '~', '%7b', '%20', '%25',
  '%c3%a9', '%00', '%zz', '%', '%%32e', '"', '{', '|', '^', '`', '<',
];

/** Paths with query and fragment, made of what some server or other understands in its own way. */
export function randomPaths(seed: number, count: number): readonly string[] {
  const path = fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`);
  return fc.sample(path, { numRuns: count, seed });
}
