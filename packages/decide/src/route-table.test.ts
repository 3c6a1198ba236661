import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonValue } from '@bufbuild/protobuf';
import { DecideError } from './decide-error.ts';
import { routesOf, tableOf } from './fixture.ts';

type Json = { [key: string]: JsonValue };

function problemOf(route: Json, virtualHost: Json = {}): string {
  try {
    routesOf([{ name: 'r', match: { prefix: '/' }, ...route }], virtualHost);
    return 'none';
  } catch (failure) {
    return failure instanceof DecideError ? `${failure.code} ${failure.message}` : String(failure);
  }
}

test('names the virtual host, the route and its source with what cannot be honoured', () => {
  const metadata = { filterMetadata: { meltemi: { source: 'a.yaml:7' } } };
  assert.deepEqual(
    [
      problemOf({ match: { safeRegex: { regex: '(' } }, route: { cluster: 'c' }, metadata }),
      problemOf({ route: {} }),
      problemOf({}),
      problemOf({ route: { clusterSpecifierPlugin: 'x' } }),
      problemOf({ route: { weightedClusters: { clusters: [{ name: 'c', weight: 0 }] } } }),
      problemOf({ route: { weightedClusters: { clusters: [{ weight: 1 }] } } }),
      problemOf({ route: { cluster: 'c', prefixRewrite: '/', regexRewrite: { pattern: { regex: '/' } } } }),
      problemOf({ route: { cluster: 'c', requestMirrorPolicies: [{}] } }),
      problemOf({ route: { cluster: 'c', upgradeConfigs: [{ upgradeType: 'a' }, { upgradeType: 'A' }] } }),
      problemOf({ route: { cluster: 'c', internalRedirectPolicy: { predicates: [{ name: 'x' }] } } }),
      problemOf({ route: { cluster: 'c', retryPolicy: { retryBackOff: { baseInterval: '2s', maxInterval: '1s' } } } }),
      problemOf({ directResponse: { status: 99 } }),
      problemOf({ directResponse: { status: 200, body: { inlineString: 'x'.repeat(4097) } } }),
      problemOf({ match: { pathSeparatedPrefix: '/a/' }, route: { cluster: 'c' } }),
      problemOf({ route: { cluster: 'c' }, requestHeadersToAdd: [{ header: { key: 'host', value: 'x' } }] }),
      problemOf({ route: { cluster: 'c' } }, { domains: [] }),
      problemOf({ route: { cluster: 'c' } }),
    ],
    [
      'BAD_REGEX virtual host all: route r (a.yaml:7): regex "(": error parsing regexp: missing closing ): `(`',
      'BAD_ACTION virtual host all: route r: a route action names no cluster',
      'BAD_ACTION virtual host all: route r: the route has no action',
      'UNSUPPORTED virtual host all: route r: cluster specifier plugin x',
      'BAD_ACTION virtual host all: route r: the weights of the clusters add up to 0',
      'BAD_ACTION virtual host all: route r: a weighted cluster has one of name and cluster_header',
      'BAD_ACTION virtual host all: route r: only one of prefix_rewrite, regex_rewrite and path_rewrite_policy may be set',
      'BAD_ACTION virtual host all: route r: a mirror policy names one of cluster and cluster_header',
      'BAD_ACTION virtual host all: route r: upgrade A comes twice',
      'UNSUPPORTED virtual host all: route r: internal redirect predicate x',
      'BAD_RETRY virtual host all: route r: max_interval is less than base_interval',
      'BAD_ACTION virtual host all: route r: direct_response: status 99 is not in 200–599',
      'BAD_ACTION virtual host all: route r: direct_response: a body of 4097 bytes; at most 4096',
      'BAD_MATCH virtual host all: route r: path_separated_prefix "/a/" has a query, a fragment or ends with a slash',
      'BAD_HEADER virtual host all: route r: the host header may not be modified',
      'BAD_DOMAIN virtual host all: there are no domains',
      'none',
    ],
  );
});

test('a domain belongs to one virtual host', () => {
  const host = (name: string) => ({ name, domains: ['a'], routes: [] });
  assert.throws(() => tableOf({ name: '80', virtualHosts: [host('x'), host('y')] }), {
    code: 'BAD_DOMAIN',
    message: 'route configuration 80: domain "a" comes twice',
  });
});
