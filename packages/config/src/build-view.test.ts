import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { formatProblem } from '@meltemi/base';
import fc from 'fast-check';

import { buildView } from './build-view.ts';
import { decodeResource } from './decode-resource.ts';
import { parseDocuments } from './document.ts';
import type { ConfigView } from './view.ts';

function viewOf(...texts: readonly string[]): ConfigView {
  const decoded = texts.flatMap((text) =>
    parseDocuments(text, 'f.yaml').documents.map((document) => decodeResource(document)),
  );
  return buildView(
    decoded.flatMap(({ resource }) => resource ?? []),
    decoded.flatMap(({ problems }) => problems),
  );
}

const service = (name: string): string => `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{name: http, port: 9080}]}
---
`;
const deployment = (name: string, version: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}-${version}}
spec: {template: {metadata: {labels: {app: ${name}, version: ${version}}}, spec: {containers: [{name: a}]}}}
---
`;
const WORLD = [
  service('reviews'),
  service('productpage'),
  deployment('reviews', 'v1'),
  deployment('reviews', 'v2'),
].join('');

const routeRule = (name: string, spec: string): string => `
apiVersion: config.istio.io/v1alpha2
kind: RouteRule
metadata: {name: ${name}}
spec: {destination: {name: reviews}, ${spec}}
---
`;

const HOST = 'reviews.default.svc.cluster.local';

test('route rules of one host become its routes, by precedence, and the subsets that they name', () => {
  const view = viewOf(
    WORLD,
    routeRule('all-v1', 'precedence: 1, route: [{labels: {version: v1}}]'),
    routeRule(
      'jason-v2',
      'precedence: 2, match: {source: {name: productpage}, request: {headers: {cookie: {regex: jason}, uri: {prefix: /r}}}}, route: [{labels: {version: v2}}]',
    ),
  );
  assert.deepEqual(view.problems.map(formatProblem), []);
  assert.deepEqual(
    view.virtualServices.map(({ spec }) => spec),
    [
      {
        hosts: [HOST],
        http: [
          {
            name: 'jason-v2',
            match: [
              { uri: { prefix: '/r' }, headers: { cookie: { regex: 'jason' } }, sourceLabels: { app: 'productpage' } },
            ],
            route: [{ destination: { host: HOST, subset: 'version-v2' } }],
          },
          { name: 'all-v1', route: [{ destination: { host: HOST, subset: 'version-v1' } }] },
        ],
      },
    ],
  );
  assert.deepEqual(
    view.destinationRules.map(({ spec }) => spec),
    [
      {
        host: HOST,
        subsets: [
          { name: 'version-v1', labels: { version: 'v1' } },
          { name: 'version-v2', labels: { version: 'v2' } },
        ],
      },
    ],
  );
});

test('a converted route leads back to the rule that says it', () => {
  const view = viewOf(
    WORLD,
    routeRule('a', 'precedence: 1'),
    routeRule('b', 'precedence: 2, match: {request: {headers: {x: {exact: y}}}}'),
  );
  const [virtualService] = view.virtualServices;
  const { resource, source } = virtualService!.origin('spec.http[1].route[0].destination');
  assert.deepEqual(resource, { kind: 'RouteRule', namespace: 'default', name: 'a' });
  assert.equal(source.file, 'f.yaml');
});

test('faults, timeouts, retries, redirects, rewrites and mirrors keep their meaning', () => {
  const view = viewOf(
    WORLD,
    routeRule(
      'a',
      'precedence: 3, match: {request: {headers: {uri: {exact: /old}}}}, redirect: {uri: /new, authority: x.y}',
    ),
    routeRule(
      'b',
      'precedence: 2, match: {request: {headers: {uri: {prefix: /p}}}}, rewrite: {uri: /q}, httpFault: {delay: {percent: 10, fixedDelay: 7s}, abort: {percent: 5, httpStatus: 400}}',
    ),
    routeRule(
      'c',
      'precedence: 1, httpReqTimeout: {simpleTimeout: {timeout: 10s}}, httpReqRetries: {simpleRetry: {attempts: 3, perTryTimeout: 2s}}, mirror: {name: productpage}',
    ),
  );
  const route = [{ destination: { host: HOST } }];
  assert.deepEqual(view.virtualServices[0]!.spec.http, [
    { name: 'a', match: [{ uri: { exact: '/old' } }], redirect: { uri: '/new', authority: 'x.y' } },
    {
      name: 'b',
      match: [{ uri: { prefix: '/p' } }],
      route,
      rewrite: { uri: '/q' },
      fault: {
        delay: { fixedDelay: '7s', percentage: { value: 10 } },
        abort: { httpStatus: 400, percentage: { value: 5 } },
      },
    },
    {
      name: 'c',
      route,
      timeout: '10s',
      retries: { attempts: 3, perTryTimeout: '2s', retryOn: '5xx,connect-failure,refused-stream' },
      mirror: { host: 'productpage.default.svc.cluster.local' },
    },
  ]);
});

test('requests that no rule takes go to the service as ever', () => {
  const view = viewOf(
    WORLD,
    routeRule('a', 'match: {request: {headers: {x: {exact: y}}}}, route: [{labels: {version: v2}}]'),
  );
  assert.deepEqual(view.virtualServices[0]!.spec.http!.at(-1), { route: [{ destination: { host: HOST } }] });
});

test('a destination policy becomes a traffic policy, joined with the subsets of rules and the rule of the user', () => {
  const policy = `
apiVersion: config.istio.io/v1alpha2
kind: DestinationPolicy
metadata: {name: p}
spec:
  destination: {name: reviews}
  loadBalancing: {name: LEAST_CONN}
  circuitBreaker: {simpleCb: {maxConnections: 1, httpMaxPendingRequests: 2, httpConsecutiveErrors: 3, sleepWindow: 15s}}
---
`;
  const own = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: mine}
spec: {host: reviews, subsets: [{name: one, labels: {version: v1}}]}
---
`;
  const view = viewOf(
    WORLD,
    own,
    policy,
    routeRule('a', 'route: [{labels: {version: v1}, weight: 50}, {labels: {version: v2}, weight: 50}]'),
  );
  assert.deepEqual(
    view.destinationRules.map(({ metadata, spec }) => [metadata.name, spec]),
    [
      [
        'mine',
        {
          host: 'reviews',
          trafficPolicy: {
            loadBalancer: { simple: 'LEAST_REQUEST' },
            connectionPool: { tcp: { maxConnections: 1 }, http: { http1MaxPendingRequests: 2 } },
            outlierDetection: { consecutive5xxErrors: 3, baseEjectionTime: '15s' },
          },
          subsets: [
            { name: 'one', labels: { version: 'v1' } },
            { name: 'version-v2', labels: { version: 'v2' } },
          ],
        },
      ],
    ],
  );
  const [first] = view.virtualServices[0]!.spec.http!;
  assert.deepEqual(
    first!.route!.map(({ destination }) => destination.subset),
    ['one', 'version-v2'],
  );
});

test('an egress rule becomes a service entry', () => {
  const egress = (service: string): string => `
apiVersion: config.istio.io/v1alpha2
kind: EgressRule
metadata: {name: out}
spec: {destination: {service: "${service}"}, ports: [{port: 443, protocol: https}]}
`;
  const entry = (service: string) => viewOf(egress(service)).serviceEntries[0]!.spec;
  const ports = [{ name: 'https-443', number: 443, protocol: 'HTTPS' }];
  assert.deepEqual(entry('httpbin.org'), {
    hosts: ['httpbin.org'],
    ports,
    location: 'MESH_EXTERNAL',
    resolution: 'DNS',
  });
  assert.deepEqual(entry('*.google.com'), {
    hosts: ['*.google.com'],
    ports,
    location: 'MESH_EXTERNAL',
    resolution: 'NONE',
  });
  assert.deepEqual(entry('91.198.174.192/27'), {
    hosts: ['out.default.svc.cluster.local'],
    addresses: ['91.198.174.192/27'],
    ports,
    location: 'MESH_EXTERNAL',
    resolution: 'NONE',
  });
});

test('an ingress of the mesh becomes a gateway and routes, and those of others are left alone', () => {
  const ingress = (annotation: string): string => `
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: in, annotations: {kubernetes.io/ingress.class: ${annotation}}}
spec:
  rules:
  - http:
      paths:
      - {path: /.*, backend: {serviceName: productpage, servicePort: http}}
      - {path: /api/.*, backend: {serviceName: reviews, servicePort: 9080}}
      - {path: /exact, backend: {serviceName: reviews, servicePort: nothing}}
`;
  assert.deepEqual(viewOf(WORLD, ingress('nginx')).gateways, []);
  const view = viewOf(WORLD, ingress('istio'));
  assert.deepEqual(
    view.gateways[0]!.spec.servers.map(({ port, hosts }) => [port.number, hosts]),
    [[80, ['*']]],
  );
  assert.deepEqual(view.virtualServices[0]!.spec, {
    hosts: ['*'],
    gateways: ['in-istio-autogenerated-k8s-ingress'],
    http: [
      { match: [{ uri: { prefix: '/api/' } }], route: [{ destination: { host: HOST, port: { number: 9080 } } }] },
      {
        match: [{ uri: { prefix: '/' } }],
        route: [{ destination: { host: 'productpage.default.svc.cluster.local', port: { number: 9080 } } }],
      },
    ],
  });
  assert.deepEqual(view.problems.map(formatProblem), [
    'f.yaml:11:33: warning: the service "reviews" has no port "nothing" [IST0101]',
  ]);
});

const virtualService = (name: string, host: string, subset: string): string => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: ${name}
spec:
  hosts:
  - ${host}
  http:
  - route:
    - destination:
        host: ${host}
        subset: ${subset}
---
`;

test('what rules name and does not exist is said, with what was meant', () => {
  const rule = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec: {host: reviews, subsets: [{name: one, labels: {version: v1}}, {name: nine, labels: {version: v9}}]}
---
`;
  const view = viewOf(
    WORLD,
    rule,
    virtualService('a', 'reviews', 'onr'),
    virtualService('b', 'reviwes', 'one').replace('spec:', 'spec:\n  gateways: [bookinfo, mesh]'),
  );
  assert.deepEqual(
    view.problems.map(formatProblem).sort(),
    [
      `f.yaml:13:15: warning: the host "reviwes" is not known: there is no service reviwes.default.svc.cluster.local (did you mean "reviews"?) [IST0101]`,
      `f.yaml:13:17: warning: no DestinationRule defines the subset "onr" of ${HOST}: requests to it fail (did you mean "one"?) [IST0101]`,
      `f.yaml:5:90: warning: no pod of ${HOST} has the labels version=v9 of the subset "nine" (pods have version: v1, v2) [IST0173]`,
      `f.yaml:7:14: warning: the gateway "bookinfo" is not known [IST0101]`,
    ].sort(),
  );
});

test('a label of a route rule that no pod has is said at the rule', () => {
  const view = viewOf(WORLD, routeRule('a', 'route: [{labels: {version: v7}}]'));
  assert.deepEqual(view.problems.map(formatProblem), [
    `f.yaml:5:55: warning: no pod of ${HOST} has the labels version=v7 of the subset "version-v7" (pods have version: v1, v2) [IST0173]`,
  ]);
});

test('of two that speak of one host the first is heard, and both are warned', () => {
  const rule =
    'apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r}\nspec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}]}\n';
  const view = viewOf(WORLD, rule, virtualService('a', 'reviews', 'v1'), virtualService('b', HOST, 'v1'));
  assert.deepEqual(view.problems.map(formatProblem), [
    `f.yaml:8:5: warning: VirtualService default/b routes ${HOST} too, at f.yaml:2:1: that one is not heard [IST0109]`,
    `f.yaml:8:5: warning: VirtualService default/a routes ${HOST} too, at f.yaml:2:1: this one is not heard [IST0109]`,
  ]);
});

test('a view has the same version exactly when it says the same', () => {
  const text = WORLD + routeRule('a', 'precedence: 1');
  assert.equal(viewOf(text).version, viewOf(text).version);
  assert.notEqual(viewOf(text).version, viewOf(WORLD + routeRule('a', 'precedence: 2')).version);
});

const ruleSpec = fc.record({
  name: fc.stringMatching(/^[a-z]{1,4}$/),
  precedence: fc.integer({ min: 0, max: 3 }),
  header: fc.option(fc.constantFrom('x', 'uri', 'method'), { nil: undefined }),
  version: fc.option(fc.constantFrom('v1', '1.0', '1-0', 'ü'), { nil: undefined }),
});

test('whatever the rules: every subset that is routed to is defined, and the last route takes every request', () => {
  fc.assert(
    fc.property(fc.uniqueArray(ruleSpec, { selector: ({ name }) => name }), (rules) => {
      const texts = rules.map(({ name, precedence, header, version }) =>
        routeRule(
          `${name}.z`,
          `precedence: ${precedence}${header ? `, match: {request: {headers: {${header}: {exact: GET}}}}` : ''}${version ? `, route: [{labels: {version: "${version}"}}]` : ''}`,
        ),
      );
      const view = viewOf(...texts);
      const subsets = view.destinationRules.flatMap(({ spec }) => spec.subsets ?? []);
      assert.equal(new Set(subsets.map(({ name }) => name)).size, subsets.length);
      for (const { spec } of view.virtualServices) {
        const named = spec.http!.flatMap(({ route = [] }) =>
          route.flatMap(({ destination }) => destination.subset ?? []),
        );
        assert.ok(named.every((name) => subsets.some((subset) => subset.name === name)));
        assert.ok(spec.http!.some(({ match }) => match === undefined));
      }
    }),
  );
});

test('the samples say nothing wrong', () => {
  const samples = join(import.meta.dirname, '../../../samples/bookinfo');
  const read = (...path: readonly string[]): string => readFileSync(join(samples, ...path), 'utf8');
  const files = ['routing', 'networking'].flatMap((folder) =>
    readdirSync(join(samples, folder)).map((name) => [folder, name] as const),
  );
  assert.ok(files.length > 10);
  for (const [folder, name] of files) {
    const rules = name === 'destination-rule-all.yaml' ? '' : read('networking', 'destination-rule-all.yaml');
    const view = viewOf(read('bookinfo.yaml'), rules, read(folder, name));
    assert.deepEqual(view.problems.map(formatProblem), [], `${folder}/${name}`);
  }
});
