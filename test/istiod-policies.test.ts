// Our sidecars under a real istiod with its own defaults, and each kind of rule that users write: what it says is what happens.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { IstioWorld, reasonAgainstIstio } from './support/istio-world.ts';
import { eventually } from './support/mesh-under-test.ts';
import { syncProblems } from './support/sync-problems.ts';
import { keySetOf, rsaKey, token } from './support/test-tokens.ts';

const skip = reasonAgainstIstio();
const NAMES = ['a', 'b', 'c'];
const INSTALLED = {
  defaultProviders: { metrics: ['prometheus'] },
  accessLogFile: '/dev/stdout',
  enablePrometheusMerge: true,
  extensionProviders: [
    { name: 'printed', envoyFileAccessLog: { path: '/dev/stdout' } },
    { name: 'traced', zipkin: { service: 'c.demo.svc.cluster.local', port: 80, path: '/spans' } },
  ],
};
const KEY = rsaKey('one', 'RS256');
const ISSUER = 'issuer@example.com';

interface Seen {
  readonly pod: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

let world: IstioWorld;
before(async () => {
  if (skip) return;
  const ours = { proxy: 'meltemi', agent: 'istio' } as const;
  world = await IstioWorld.start({
    applications: Object.fromEntries(NAMES.map((name) => [name, ours])),
    meshConfig: INSTALLED,
  });
});
after(async () => {
  if (!skip) await world.close();
});

test(
  'a RequestAuthentication and an AuthorizationPolicy let callers in by claims of their token',
  { skip },
  async () => {
    await underRules(
      `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens, namespace: demo}
spec:
  selector: {matchLabels: {app: b}}
  jwtRules:
  - issuer: ${ISSUER}
    audiences: [shop]
    jwks: '${keySetOf(KEY)}'
    outputClaimToHeaders: [{header: x-subject, claim: sub}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: admins, namespace: demo}
spec:
  selector: {matchLabels: {app: b}}
  rules:
  - from: [{source: {requestPrincipals: ["${ISSUER}/*"]}}]
    when: [{key: "request.auth.claims[groups]", values: [admin]}]
`,
      async () => {
        const claims = { iss: ISSUER, aud: 'shop', sub: 'mary', exp: Math.floor(Date.now() / 1000) + 3600 };
        const callWith = (bearer: string | undefined) =>
          world.call('a', { url: 'http://b.demo/', ...(bearer && { headers: { authorization: `Bearer ${bearer}` } }) });

        await eventually(async () => assert.equal((await callWith(undefined)).status, 403));
        assert.equal((await callWith(token(KEY, { ...claims, groups: ['staff'] }))).status, 403);
        for (const bad of ['none', token(rsaKey('one', 'RS256'), claims), token(KEY, { ...claims, exp: 1 })]) {
          assert.equal((await callWith(bad)).status, 401);
        }
        assert.equal((await callWith(token(KEY, { ...claims, aud: 'bank', groups: ['admin'] }))).status, 403);
        const { status, body } = await callWith(token(KEY, { ...claims, groups: ['staff', 'admin'] }));
        assert.equal(status, 200, body);
        assert.equal(seenIn(body).headers['x-subject'], 'mary');
      },
    );
  },
);

test('an AuthorizationPolicy allows by path templates, and one on trial only counts', { skip }, async () => {
  await underRules(
    `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: orders, namespace: demo}
spec: {selector: {matchLabels: {app: b}}, rules: [{to: [{operation: {paths: ["/orders/{*}/items/{**}"]}}]}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: trial, namespace: demo, annotations: {istio.io/dry-run: "true"}}
spec: {selector: {matchLabels: {app: b}}, action: DENY, rules: [{to: [{operation: {paths: ["/orders/*"]}}]}]}
`,
    async () => {
      const statusOf = async (path: string) => (await world.call('a', { url: `http://b.demo${path}` })).status;
      await eventually(async () => assert.equal(await statusOf('/orders'), 403));
      for (const path of ['/orders/7/items', '/orders/7/8/items/1', '/bills/7/items/1']) {
        assert.equal(await statusOf(path), 403, path);
      }
      for (const path of ['/orders/7/items/1', '/orders/7/items/1/colour'])
        assert.equal(await statusOf(path), 200, path);
      await eventually(async () =>
        assert.match(
          await world.admin('b', '/stats?filter=shadow_denied'),
          /8080;.rbac.istio_dry_run_deny_.shadow_denied: [1-9]/,
        ),
      );
    },
  );
});

test("an EnvoyFilter's local rate limit answers 429", { skip }, async () => {
  await underRules(
    `
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: limit, namespace: demo}
spec:
  workloadSelector: {labels: {app: b}}
  configPatches:
  - applyTo: HTTP_FILTER
    match: {context: SIDECAR_INBOUND, listener: {filterChain: {filter: {name: envoy.filters.network.http_connection_manager}}}}
    patch:
      operation: INSERT_BEFORE
      value:
        name: envoy.filters.http.local_ratelimit
        typed_config:
          "@type": type.googleapis.com/udpa.type.v1.TypedStruct
          type_url: type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
          value:
            stat_prefix: limit
            token_bucket: {max_tokens: 3, tokens_per_fill: 3, fill_interval: 3600s}
            filter_enabled: {runtime_key: enabled, default_value: {numerator: 100}}
            filter_enforced: {runtime_key: enforced, default_value: {numerator: 100}}
            response_headers_to_add: [{header: {key: x-limited, value: 'yes'}}]
`,
    async () => {
      await eventually(async () => {
        const { status, headers } = await world.call('a', { url: 'http://b.demo/' });
        assert.deepEqual([status, headers['x-limited']], [429, 'yes']);
      });
    },
  );
});

test('PERMISSIVE serves plaintext and mutual TLS on one port, STRICT only the latter', { skip }, async () => {
  await underRules(
    `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: b, namespace: demo}
spec: {selector: {matchLabels: {app: b}}, mtls: {mode: PERMISSIVE}}
`,
    async () => {
      await eventually(() => assert.rejects(plaintext('c')));
      const bare = await plaintext('b');
      assert.equal(bare.status, 200);
      assert.equal(seenIn(bare.body).headers['x-forwarded-client-cert'], undefined);
      for (const to of ['b', 'c']) {
        const { status, body } = await world.call('a', { url: `http://${to}.demo/` });
        assert.equal(status, 200, body);
        assert.match(
          seenIn(body).headers['x-forwarded-client-cert'] ?? '',
          /URI=spiffe:\/\/cluster.local\/ns\/demo\/sa\/a$/,
        );
        assert.equal((await world.bytes('a', `tcp://${to}.demo:9000`)).body, `${to} got hello`);
      }
    },
  );
});

test('a DestinationRule ejects what fails, and takes it back', { skip }, async () => {
  await underRules(
    `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: b, namespace: demo}
spec:
  host: b
  trafficPolicy:
    connectionPool: {tcp: {maxConnections: 50, connectTimeout: 3s}, http: {http2MaxRequests: 50, maxRequestsPerConnection: 100}}
    outlierDetection: {consecutive5xxErrors: 2, interval: 1s, baseEjectionTime: 1s, maxEjectionPercent: 100}
`,
    async () => {
      await eventually(async () => {
        const { status, body } = await world.call('a', { url: 'http://b.demo/?fail=1000&key=ejection' });
        assert.deepEqual([status, body], [503, 'no healthy upstream']);
      });
      await eventually(async () => assert.equal((await world.call('a', { url: 'http://b.demo/' })).status, 200));
    },
  );
});

test('consistentHash keeps the users of a header at their endpoints', { skip }, async () => {
  const endpoints = ['b', 'c'].map(
    (name) => `{address: ${world.address(name)}, ports: {http: 8080}, labels: {security.istio.io/tlsMode: istio}}`,
  );
  await underRules(
    `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: either, namespace: demo}
spec:
  hosts: [either.demo]
  ports: [{number: 80, name: http, protocol: HTTP}]
  location: MESH_INTERNAL
  resolution: STATIC
  endpoints: [${endpoints.join(', ')}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: either, namespace: demo}
spec: {host: either.demo, trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x-user}}}}
`,
    async () => {
      const podOf = async (user: number) => {
        const headers = { host: 'either.demo', 'x-user': `user-${user}` };
        const { status, body } = await world.call('a', { url: 'http://b.demo/', headers });
        assert.equal(status, 200, body);
        return seenIn(body).pod;
      };
      const podsOf = async () => {
        const pods: string[] = [];
        for (let user = 0; user < 12; user++) pods.push(await podOf(user));
        return pods;
      };
      await eventually(async () => assert.match(await world.admin('a', '/config_dump'), /either\.demo:80/));
      await eventually(async () => assert.deepEqual(await podsOf(), await podsOf()));
      const pods = await podsOf();
      assert.deepEqual([...new Set(pods)].toSorted(), ['b', 'c']);
      for (let turn = 0; turn < 3; turn++) assert.deepEqual(await podsOf(), pods);
    },
  );
});

test("a Telemetry's expression says which requests are logged", { skip }, async () => {
  await underRules(
    `
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: failures, namespace: istio-system}
spec:
  accessLogging: [{providers: [{name: printed}], filter: {expression: "response.code >= 400"}}]
`,
    async () => {
      let turn = 0;
      await eventually(async () => {
        turn++;
        await world.call('a', { url: `http://b.demo/quiet/${turn}/` });
        await world.call('a', { url: `http://b.demo/loud/${turn}/?fail=9&key=loud${turn}` });
        for (const name of ['a', 'b']) {
          await eventually(async () => assert.ok(world.log(name).includes(`"GET /loud/${turn}/`)));
          assert.ok(!world.log(name).includes(`"GET /quiet/${turn}/`), `${name} logged what it should not`);
        }
      });
    },
  );
});

test('a Telemetry sends spans to its Zipkin', { skip }, async () => {
  await underRules(
    `
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: traces, namespace: demo}
spec:
  selector: {matchLabels: {app: a}}
  tracing: [{providers: [{name: traced}], randomSamplingPercentage: 100}]
`,
    async () => {
      await eventually(async () => {
        await world.call('a', { url: 'http://b.demo/traced' });
        assert.match(world.log('c'), /"POST \/spans HTTP\/1.1" 200/);
      });
    },
  );
});

test('a VirtualService injects faults, mirrors, changes headers and retries', { skip }, async () => {
  await underRules(
    `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: b, namespace: demo}
spec:
  hosts: [b]
  http:
  - match: [{uri: {prefix: /aborted}}]
    fault: {abort: {httpStatus: 418, percentage: {value: 100}}}
    route: [{destination: {host: b}}]
  - match: [{uri: {prefix: /delayed}, headers: {end-user: {exact: jason}}}]
    fault: {delay: {fixedDelay: 0.4s, percentage: {value: 100}}}
    route: [{destination: {host: b}}]
  - mirrors: [{destination: {host: c, port: {number: 80}}, percentage: {value: 100}}]
    headers:
      request: {set: {x-set: new}, add: {x-added: more}, remove: [x-removed]}
      response: {set: {x-upstream: '%UPSTREAM_REMOTE_ADDRESS%'}, remove: [x-envoy-upstream-service-time]}
    retries: {attempts: 3, perTryTimeout: 2s, retryOn: "503,connect-failure", retryRemoteLocalities: true, backoff: 5ms}
    timeout: 5s
    route: [{destination: {host: b}, headers: {request: {set: {x-destination: b}}}}]
`,
    async () => {
      await eventually(async () => {
        const { status, body } = await world.call('a', { url: 'http://b.demo/aborted' });
        assert.deepEqual([status, body], [418, 'fault filter abort']);
      });
      const start = performance.now();
      const delayed = await world.call('a', { url: 'http://b.demo/delayed', headers: { 'end-user': 'jason' } });
      assert.equal(delayed.status, 200);
      assert.ok(performance.now() - start >= 395, `${performance.now() - start} ms`);

      const { status, headers, body } = await world.call('a', {
        url: 'http://b.demo/mirrored?fail=2&key=routes',
        headers: { 'x-set': 'old', 'x-added': 'one', 'x-removed': 'gone' },
      });
      assert.equal(status, 200, body);
      const seen = seenIn(body).headers;
      assert.deepEqual(
        ['x-set', 'x-added', 'x-removed', 'x-destination', 'x-envoy-attempt-count'].map((name) => seen[name]),
        ['new', 'one, more', undefined, 'b', '3'],
      );
      assert.match(String(headers['x-upstream']), new RegExp(`^${world.address('b')}:8080$`));
      assert.equal(headers['x-envoy-upstream-service-time'], undefined);
      await eventually(async () =>
        assert.ok(/"GET \/mirrored\S* HTTP\/1.1" 503 .*"b.demo"/.test(world.log('c')), 'c logged no such request'),
      );
    },
  );
});

test('none of it was refused', { skip }, async () => {
  await eventually(async () => assert.deepEqual(syncProblems(await world.controlPlane.debug('syncz'), NAMES), []));
  for (const name of NAMES) {
    const stats = await world.admin(name, '/stats?filter=update_rejected');
    assert.match(stats, /update_rejected: 0/);
    assert.doesNotMatch(stats, /: [1-9]/);
  }
});

/** Applies rules, and takes them back after the check, however it ends; resolves when every sidecar does without. */
async function underRules(rules: string, check: () => Promise<void>): Promise<void> {
  world.controlPlane.apply('rules', rules);
  try {
    await check();
  } finally {
    world.controlPlane.remove('rules');
    await eventually(async () => {
      const { status, headers } = await world.call('a', { url: 'http://b.demo/' });
      assert.deepEqual([status, headers['x-upstream']], [200, undefined]);
      assert.deepEqual(syncProblems(await world.controlPlane.debug('syncz'), NAMES), []);
    });
  }
}

/** A request past the sidecar of whoever asks. */
function plaintext(to: string): Promise<{ readonly status: number; readonly body: string }> {
  return world.sandbox.fetch(`http://${world.address(to)}:8080/`);
}

/** What the application says of the request that it got. */
function seenIn(body: string): Seen {
  return JSON.parse(body) as Seen;
}
