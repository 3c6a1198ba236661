// Tokens, mutual TLS and authorizers under our control plane: who is let in, by sidecars of ours and by real Envoys.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SANDBOX_ADDRESS } from '@meltemi/testkit';
import { IstioWorld, reasonAgainstIstio, type Sidecar } from './support/istio-world.ts';
import { eventually } from './support/mesh-under-test.ts';
import { syncProblems } from './support/sync-problems.ts';
import { ecKey, keySetOf, rsaKey, type TestKey, token } from './support/test-tokens.ts';

const skip = reasonAgainstIstio();
const SIDECARS: Readonly<Record<string, Sidecar>> = {
  caller: { proxy: 'meltemi', agent: 'meltemi' },
  ours: { proxy: 'meltemi', agent: 'meltemi' },
  envoy: { proxy: 'envoy', agent: 'meltemi' },
};
const CALLED = ['ours', 'envoy'];
const KEY_PORT = 7100;
const KEY_SERVER = `http://127.0.0.1:${KEY_PORT}`;
const SHOP = rsaKey('shop', 'RS256');
const BANK = ecKey('bank', 'P-256');
const FETCHED = rsaKey('fetched', 'RS256');
const asked = { service: 'demo/authorizer.demo', timeout: '2s' };
const AUTHORIZERS = {
  extensionProviders: [
    {
      name: 'by-http',
      envoyExtAuthzHttp: {
        ...asked,
        port: 9100,
        pathPrefix: '/check',
        includeRequestHeadersInCheck: ['x-allow', 'x-a*'],
        includeAdditionalHeadersInCheck: { 'x-mesh': 'demo' },
        includeRequestBodyInCheck: { maxRequestBytes: 64, allowPartialMessage: true },
        headersToUpstreamOnAllow: ['x-seen'],
        headersToDownstreamOnDeny: ['x-seen'],
      },
    },
    { name: 'by-grpc', envoyExtAuthzGrpc: { ...asked, port: 9101 } },
    { name: 'gone', envoyExtAuthzGrpc: { ...asked, port: 9102, statusOnError: '503' } },
    { name: 'gone-open', envoyExtAuthzHttp: { ...asked, port: 9102, failOpen: true } },
  ],
};
const AUTHORIZER = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: authorizer, namespace: demo}
spec:
  hosts: [authorizer.demo]
  ports:
  - {number: 9100, name: http, protocol: HTTP}
  - {number: 9101, name: grpc, protocol: GRPC}
  - {number: 9102, name: http-gone, protocol: HTTP}
  location: MESH_INTERNAL
  resolution: STATIC
  endpoints: [{address: ${SANDBOX_ADDRESS}}]
`;

let world: IstioWorld;
before(async () => {
  if (skip) return;
  world = await IstioWorld.start({
    controlPlane: 'meltemi',
    applications: SIDECARS,
    discoveryFlags: ['--jwksAllowedRanges', '127.0.0.1'],
    meshConfig: AUTHORIZERS,
    configuration: { authorizer: AUTHORIZER },
  });
  await start('key-server.ts', String(KEY_PORT));
  await start('authz-app.ts', '9100', '9101');
});
after(async () => {
  if (!skip) await world.close();
});

function start(program: string, ...args: readonly string[]): Promise<unknown> {
  const command = [process.execPath, join(import.meta.dirname, 'support', program), ...args] as const;
  return world.sandbox.run({ command }).printed(/listening/);
}

interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly url: string;
}

async function call(to: string, path = '/', headers: Readonly<Record<string, string>> = {}): Promise<Seen> {
  const { status, body } = await world.call('caller', { url: `http://${to}.demo${path}`, headers });
  return status === 200 ? { ...(JSON.parse(body) as Seen), status } : { status, headers: {}, url: body };
}

const bearer = (text: string) => ({ authorization: `Bearer ${text}` });
const inAnHour = Math.floor(Date.now() / 1000) + 3600;
const claims = (issuer: string, more: object = {}) => ({ iss: issuer, sub: 'mary', exp: inAnHour, ...more });
const by = (key: TestKey, issuer: string, more: object = {}) => token(key, claims(issuer, more));

function security(kind: string, name: string, spec: object, namespace = 'demo'): string {
  return `apiVersion: security.istio.io/v1
kind: ${kind}
metadata: {name: ${name}, namespace: ${namespace}}
spec: ${JSON.stringify(spec)}`;
}

/** Applies rules, and takes them back after the check, however it ends. */
async function under(rules: readonly string[], check: (to: string) => Promise<void>): Promise<void> {
  world.controlPlane.apply('rules', rules.join('\n---\n'));
  try {
    for (const to of CALLED) await check(to);
  } finally {
    world.controlPlane.remove('rules');
    await eventually(async () => {
      for (const to of CALLED) assert.equal((await call(to)).status, 200);
      assert.deepEqual(syncProblems(await world.controlPlane.debug('syncz'), Object.keys(SIDECARS)), []);
    });
  }
}

const TOKENS = security('RequestAuthentication', 'tokens', {
  jwtRules: [
    {
      issuer: 'shop',
      audiences: ['web'],
      jwks: keySetOf(SHOP),
      outputPayloadToHeader: 'x-payload',
      outputClaimToHeaders: [{ header: 'x-subject', claim: 'sub' }],
    },
    {
      issuer: 'bank',
      jwks: keySetOf(BANK),
      fromHeaders: [{ name: 'x-token', prefix: 'Token ' }],
      fromParams: ['token'],
      fromCookies: ['session'],
      forwardOriginalToken: true,
    },
  ],
});

test('a token is taken from where its issuer says, and only a good one', { skip }, async () => {
  await under([TOKENS], async (to) => {
    const statusWith = async (headers: Record<string, string>, path = '/') => (await call(to, path, headers)).status;
    const good = by(SHOP, 'shop', { aud: 'web' });
    await eventually(async () => assert.equal(await statusWith(bearer('none')), 401));
    assert.equal(await statusWith({}), 200, 'no token is for AuthorizationPolicies to judge');
    const seen = await call(to, '/', bearer(good));
    assert.deepEqual([seen.status, seen.headers['x-subject'], seen.headers['authorization']], [200, 'mary', undefined]);
    assert.match(Buffer.from(seen.headers['x-payload']!, 'base64url').toString(), /"sub":"mary"/);
    const stranger = rsaKey('shop', 'RS256');
    const bad = [by(stranger, 'shop', { aud: 'web' }), by(SHOP, 'else', { aud: 'web' }), `${good}x`];
    for (const each of [
      ...bad,
      by(SHOP, 'shop', { aud: 'web', exp: 1 }),
      by(SHOP, 'shop', { aud: 'web', nbf: inAnHour }),
    ])
      assert.equal(await statusWith(bearer(each)), 401);
    assert.equal(await statusWith(bearer(by(SHOP, 'shop', { aud: 'app' }))), 403);

    const money = by(BANK, 'bank');
    const header = await call(to, '/', { 'x-token': `Token ${money}` });
    assert.deepEqual([header.status, header.headers['x-token']], [200, `Token ${money}`]);
    assert.equal(await statusWith({ cookie: `a=b; session=${money}` }), 200);
    assert.equal(await statusWith({}, `/?token=${money}`), 200);
    const misplaced: Record<string, string>[] = [
      { 'x-token': `Token ${good}` },
      { cookie: `session=${by(BANK, 'shop')}` },
    ];
    for (const headers of misplaced) assert.equal(await statusWith(headers), 401);
    assert.equal(await statusWith({}, '/?token=none'), 401);
  });
});

test('rules ask who the token is of, and what it claims', { skip }, async () => {
  const who = security('AuthorizationPolicy', 'who', {
    rules: [
      {
        from: [{ source: { requestPrincipals: ['shop/*'] } }],
        when: [{ key: 'request.auth.claims[groups]', values: ['staff'] }],
      },
      { from: [{ source: { requestPrincipals: ['bank/mary'] } }] },
      { when: [{ key: 'request.auth.claims[scope]', values: ['all'] }] },
    ],
  });
  await under([TOKENS, who], async (to) => {
    const statusWith = async (headers: Record<string, string>) => (await call(to, '/', headers)).status;
    await eventually(async () => assert.equal(await statusWith({}), 403));
    const shop = (more: object) => bearer(by(SHOP, 'shop', { aud: 'web', ...more }));
    assert.equal(await statusWith(shop({})), 403);
    assert.equal(await statusWith(shop({ groups: ['guest'] })), 403);
    assert.equal(await statusWith(shop({ groups: ['guest', 'staff'] })), 200);
    assert.equal(await statusWith(shop({ scope: 'some all' })), 200);
    const bank = (more: object) => ({ 'x-token': `Token ${by(BANK, 'bank', more)}` });
    assert.equal(await statusWith(bank({})), 200);
    assert.equal(await statusWith(bank({ sub: 'bob' })), 403);
    assert.equal(await statusWith({ ...bearer('none'), ...bank({}) }), 200, 'one good token is enough');
    assert.equal(await statusWith(bearer(by(rsaKey('shop', 'RS256'), 'shop', { aud: 'web' }))), 401);
  });
});

test(
  'keys are fetched, exchanged, and kept when the issuer is gone; without keys nobody gets in',
  { skip },
  async () => {
    const offer = (keys: string) => world.sandbox.fetch(KEY_SERVER, { method: 'POST', body: keys });
    const tokens = (more: object) =>
      security('RequestAuthentication', 'fetched', { jwtRules: [{ issuer: KEY_SERVER, ...more }] });
    const good = bearer(by(FETCHED, KEY_SERVER));
    const problems = async () => JSON.stringify(await world.controlPlane.debug('problems'));

    await offer('');
    await under([tokens({ jwksUri: `${KEY_SERVER}/keys` })], async (to) => {
      await eventually(async () => assert.equal((await call(to, '/', good)).status, 401));
      assert.equal((await call(to)).status, 200);
      assert.match(await problems(), /none of its tokens is accepted: http:\/\/127\.0\.0\.1:7100: status 500/);
    });
    await offer(keySetOf(FETCHED));
    for (const rules of [tokens({ jwksUri: `${KEY_SERVER}/keys` }), tokens({})]) {
      await under([rules], async (to) => {
        await eventually(async () => assert.equal((await call(to, '/', bearer('none'))).status, 401));
        await eventually(async () => assert.equal((await call(to, '/', good)).status, 200));
        assert.equal((await call(to, '/', bearer(by(rsaKey('fetched', 'RS256'), KEY_SERVER)))).status, 401);
      });
    }
    await under([tokens({ jwksUri: 'http://169.254.169.254/keys' })], async (to) => {
      await eventually(async () => assert.match(await problems(), /169\.254\.169\.254 is an inner address/));
      await eventually(async () => assert.equal((await call(to, '/', good)).status, 401));
    });
  },
);

test(
  'CUSTOM asks an authorizer where a rule matches; what it does not say for DENY and ALLOW goes on',
  { skip },
  async () => {
    const custom = (name: string, provider: string, path: string) =>
      security('AuthorizationPolicy', name, {
        action: 'CUSTOM',
        provider: { name: provider },
        selector: { matchLabels: { app: name } },
        rules: [{ to: [{ operation: { paths: [path] } }] }],
      });
    const each = (provider: string) => CALLED.map((to) => custom(to, provider, '/asked*'));
    const deny = security('AuthorizationPolicy', 'never', {
      action: 'DENY',
      rules: [{ to: [{ operation: { paths: ['/asked/never'] } }] }],
    });
    const allow = { 'x-allow': 'yes' };
    await under([...each('by-http'), deny], async (to) => {
      await eventually(async () => assert.deepEqual(await answer(to, '/asked'), [401, 'asked by HTTP']));
      const seen = await call(to, '/asked/2?q', { ...allow, 'x-another': '1', 'x-hidden': '2' });
      assert.equal(seen.status, 200);
      const { url, headers } = JSON.parse(seen.headers['x-seen']!) as { url: string; headers: string[] };
      assert.equal(url, '/check/asked/2?q');
      assert.deepEqual(
        ['x-allow', 'x-another', 'x-mesh', 'x-hidden'].map((name) => headers.includes(name)),
        [true, true, true, false],
      );
      assert.equal(seen.headers['x-secret'], undefined);
      assert.deepEqual(await answer(to, '/asked/never', allow), [403, 'RBAC: access denied']);
      assert.equal((await call(to, '/free')).status, 200);
    });
    await under(each('by-grpc'), async (to) => {
      await eventually(async () => assert.deepEqual(await answer(to, '/asked'), [401, 'asked by gRPC']));
      assert.equal((await call(to, '/asked', allow)).status, 200);
      assert.equal((await call(to, '/free')).status, 200);
    });
    await under(each('gone'), async (to) => {
      await eventually(async () => assert.equal((await call(to, '/asked', allow)).status, 503));
      assert.equal((await call(to, '/free')).status, 200);
    });
    await under(each('unheard-of'), async (to) => {
      await eventually(async () => assert.equal((await call(to, '/asked', allow)).status, 403));
      assert.equal((await call(to, '/free')).status, 200);
    });
    await under([...each('gone-open'), deny], async (to) => {
      await eventually(async () => assert.equal((await call(to, '/asked')).status, 200, 'the rules before are gone'));
      await eventually(async () => assert.equal((await call(to, '/asked/never')).status, 403));
      assert.equal((await call(to, '/asked')).status, 200);
    });
  },
);

async function answer(to: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown[]> {
  const { status, url } = await call(to, path, headers);
  return [status, url];
}

test('an authorizer by gRPC decides about connections, too', { skip }, async () => {
  const rules = CALLED.map((to) =>
    security('AuthorizationPolicy', to, {
      action: 'CUSTOM',
      provider: { name: 'by-grpc' },
      selector: { matchLabels: { app: to } },
      rules: [{ to: [{ operation: { ports: ['9000'] } }] }],
    }),
  );
  await under(rules, async (to) => {
    await eventually(async () => assert.equal((await world.bytes('caller', `tcp://${to}.demo:9000`)).body, ''));
    assert.equal((await call(to)).status, 200);
  });
});

const certificateOf = async (to: string) => (await call(to)).headers['x-forwarded-client-cert'];
const plaintext = (to: string) => world.sandbox.fetch(`http://${world.address(to)}:8080/`);

test('which peers need a certificate is said for the mesh, a namespace, a workload and a port', { skip }, async () => {
  const peers = (name: string, spec: object, namespace?: string) =>
    security('PeerAuthentication', name, spec, namespace);
  const selected = (to: string, spec: object) => peers(to, { selector: { matchLabels: { app: to } }, ...spec });
  const strict = { mtls: { mode: 'STRICT' } };

  await under([peers('default', strict, 'istio-system')], async (to) => {
    await eventually(() => assert.rejects(plaintext(to)));
    assert.match((await certificateOf(to))!, /URI=spiffe:\/\/cluster\.local\/ns\/demo\/sa\/caller$/);
  });
  const permissive = CALLED.map((to) => selected(to, { mtls: { mode: 'PERMISSIVE' } }));
  await under([peers('default', strict), ...permissive], async (to) => {
    await eventually(async () => assert.equal((await plaintext(to)).status, 200));
    assert.match((await certificateOf(to))!, /sa\/caller$/);
    assert.equal((await world.bytes('caller', `tcp://${to}.demo:9000`)).body, `${to} got hello`);
  });
  const ports = CALLED.map((to) => selected(to, { ...strict, portLevelMtls: { 8080: { mode: 'DISABLE' } } }));
  await under(ports, async (to) => {
    await eventually(async () => assert.equal(await certificateOf(to), undefined, 'the client sends plaintext'));
    assert.equal((await plaintext(to)).status, 200);
    assert.equal((await world.bytes('caller', `tcp://${to}.demo:9000`)).body, `${to} got hello`);
    await assert.rejects(world.sandbox.fetch(`http://${world.address(to)}:9000/`));
  });
});

test('a DestinationRule says how clients connect, whatever servers ask for', { skip }, async () => {
  const rule = (to: string, mode: string) => `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${to}, namespace: demo}
spec: {host: ${to}, trafficPolicy: {tls: {mode: ${mode}}}}`;
  await under(
    CALLED.map((to) => rule(to, 'DISABLE')),
    async (to) => {
      await eventually(async () => assert.equal(await certificateOf(to), undefined));
    },
  );
  const strict = security('PeerAuthentication', 'default', { mtls: { mode: 'STRICT' } });
  await under([strict, ...CALLED.map((to) => rule(to, 'DISABLE'))], async (to) => {
    await eventually(async () => assert.equal((await call(to)).status, 503));
  });
});

test('policies and roles of Istio 1.0 hold as they did', { skip }, async () => {
  const old = (group: string, kind: string, name: string, spec: object) => `apiVersion: ${group}.istio.io/v1alpha1
kind: ${kind}
metadata: {name: ${name}, namespace: demo}
spec: ${JSON.stringify(spec)}`;
  const jwt = { issuer: 'shop', jwks: keySetOf(SHOP), triggerRules: [{ excludedPaths: [{ prefix: '/free' }] }] };
  const policy = old('authentication', 'Policy', 'all', {
    targets: CALLED.map((name) => ({ name })),
    peers: [{ mtls: {} }],
    origins: [{ jwt }],
  });
  await under([policy], async (to) => {
    await eventually(() => assert.rejects(plaintext(to)));
    await eventually(async () => assert.equal((await call(to, '/a')).status, 403));
    assert.equal((await call(to, '/a', bearer(by(SHOP, 'shop')))).status, 200);
    assert.equal((await call(to, '/free')).status, 200);
  });
  const roles = [
    old('rbac', 'ClusterRbacConfig', 'default', { mode: 'ON_WITH_INCLUSION', inclusion: { namespaces: ['demo'] } }),
    old('rbac', 'ServiceRole', 'viewer', { rules: [{ services: ['*'], methods: ['GET'], paths: ['/v*'] }] }),
    old('rbac', 'ServiceRoleBinding', 'viewers', {
      subjects: [{ user: 'cluster.local/ns/demo/sa/caller' }],
      roleRef: { kind: 'ServiceRole', name: 'viewer' },
    }),
  ];
  await under(roles, async (to) => {
    await eventually(async () => assert.equal((await call(to, '/other')).status, 403));
    assert.equal((await call(to, '/view')).status, 200);
    assert.equal((await plaintext(to)).status, 403);
  });
});
