import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ManualClock } from '@meltemi/base';
import { istioctl } from '../istioctl.ts';

const WORLD = ['web', 'shop']
  .map(
    (name) => `apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{name: http, port: 80, targetPort: 8080}, {name: tcp, port: 9000}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}-v1}
spec:
  template:
    metadata: {labels: {app: ${name}}}
    spec: {serviceAccountName: ${name}, containers: [{name: app}]}
`,
  )
  .join('---\n');

function istioctlOn(context: TestContext, ...objects: readonly object[]) {
  const configDir = mkdtempSync(join(tmpdir(), 'istioctl-can-'));
  context.after(() => rmSync(configDir, { recursive: true }));
  const texts = objects.map((each) => JSON.stringify(each));
  writeFileSync(join(configDir, 'world.yaml'), [WORLD, ...texts].join('\n---\n'));
  return async (...args: readonly string[]) => {
    let [out, error] = ['', ''];
    const code = await istioctl(args, {
      out: (text) => void (out += text),
      error: (text) => void (error += text),
      readStdin: () => Promise.resolve(DUMP),
      clock: new ManualClock(),
      configDir,
      version: '1.2.3',
    });
    return { code, out, error };
  };
}

const policy = (kind: string, name: string, spec: object) => ({
  apiVersion: 'security.istio.io/v1',
  kind,
  metadata: { name, namespace: 'default' },
  spec: { selector: { matchLabels: { app: 'shop' } }, ...spec },
});
const VIEWERS = policy('AuthorizationPolicy', 'viewers', {
  rules: [
    {
      from: [{ source: { principals: ['cluster.local/ns/default/sa/web'] } }],
      to: [{ operation: { methods: ['GET'], paths: ['/items/*'], ports: ['8080'] } }],
    },
  ],
});

test('without a policy all may call, and it is said', async (context) => {
  const run = istioctlOn(context);
  assert.deepEqual(await run('can', 'web', 'shop'), {
    code: 0,
    out: 'yes: no policy is for this workload\n',
    error: '',
  });
});

test('an allow-list says who is let in by which rule, else what the nearest rule lacks', async (context) => {
  const run = istioctlOn(context, VIEWERS);
  const allowed = await run('can', 'web-v1', 'shop', 'GET', '/items/1');
  assert.deepEqual([allowed.code, allowed.out], [0, 'yes: ns[default]-policy[viewers]-rule[0] allows it\n']);
  const denied = await run('can', 'web', 'shop.default:80', 'POST', '/items/1');
  assert.equal(denied.code, 1);
  assert.equal(
    denied.out,
    'no: no policy allows it; ns[default]-policy[viewers]-rule[0] is nearest, it wants header :method exact "GET"\n',
  );
  assert.match((await run('can', 'shop', 'shop', 'GET', '/items/1')).out, /it wants .*default\/sa\/web/);
  assert.match((await run('can', '-', 'shop', 'GET', '/items/1')).out, /^no: no policy allows it/);
});

test('a denial is named, the authorizer that would be asked too, and a path has one meaning', async (context) => {
  const secrets = { action: 'DENY', rules: [{ to: [{ operation: { paths: ['/secret'] } }] }] };
  const custom = { action: 'CUSTOM', provider: { name: 'ldap' }, rules: [{}] };
  const run = istioctlOn(
    context,
    policy('AuthorizationPolicy', 'secrets', secrets),
    policy('AuthorizationPolicy', 'asked', custom),
  );
  const asked = 'ns[default]-policy[asked]-rule[0] asks ldap, whose answer counts';
  for (const path of ['/secret', '/x/../secret', '/%73ecret?a']) {
    assert.equal(
      (await run('can', 'web', 'shop', 'GET', path)).out,
      `no: ${asked}; ns[default]-policy[secrets]-rule[0] denies it\n`,
    );
  }
  assert.equal((await run('can', 'web', 'shop', 'GET', '/other')).out, `yes: ${asked}\n`);
});

test('claims of a token, headers and addresses count', async (context) => {
  const run = istioctlOn(
    context,
    policy('AuthorizationPolicy', 'staff', {
      rules: [
        {
          from: [{ source: { requestPrincipals: ['issuer/*'], remoteIpBlocks: ['10.0.0.0/8'] } }],
          when: [
            { key: 'request.auth.claims[groups]', values: ['staff'] },
            { key: 'request.headers[x-a]', values: ['1'] },
          ],
        },
      ],
    }),
  );
  const claims = JSON.stringify({ iss: 'issuer', sub: 'mary', groups: ['staff'] });
  const flags = ['-H', 'x-a: 1', '--claims', claims, '--ip', '10.1.2.3'];
  assert.equal((await run('can', 'web', 'shop', ...flags)).code, 0);
  assert.equal((await run('can', 'web', 'shop', ...flags.slice(2))).code, 1);
  assert.equal((await run('can', 'web', 'shop', ...flags.slice(0, 4))).code, 1);
});

test('mutual TLS that is asked for refuses who has no identity; where it is off nobody has one', async (context) => {
  const strict = istioctlOn(context, policy('PeerAuthentication', 'strict', { mtls: { mode: 'STRICT' } }));
  assert.match((await strict('can', '-', 'shop')).out, /^no: mutual TLS is STRICT/);
  assert.equal((await strict('can', 'web', 'shop:9000')).code, 0);
  const off = istioctlOn(
    context,
    VIEWERS,
    policy('PeerAuthentication', 'off', { portLevelMtls: { 8080: { mode: 'DISABLE' } } }),
  );
  assert.match(
    (await off('can', 'web', 'shop', 'GET', '/items/1')).out,
    /^no: mutual TLS is off .*no policy allows it/,
  );
});

test('who or what is not there is said', async (context) => {
  const run = istioctlOn(context);
  assert.match((await run('can', 'web', 'nowhere')).error, /there is no service nowhere\.default\.svc\.cluster\.local/);
  assert.match((await run('can', 'web', 'shop:1')).error, /has no port 1: its ports are 80, 9000/);
  assert.match((await run('can', 'web', 'shop', '--claims', '{')).error, /--claims: this is not JSON/);
});

const rbac = (rules: object) => ({
  '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
  ...rules,
});
const DUMP = JSON.stringify({
  configs: [
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
      dynamic_listeners: [
        {
          name: 'in',
          active_state: {
            listener: {
              name: 'in',
              filter_chains: [
                {
                  filters: [
                    {
                      typed_config: {
                        http_filters: [
                          {
                            typed_config: rbac({
                              shadow_rules: { policies: { 'istio-ext-authz-ldap-ns[a]-policy[asked]-rule[0]': {} } },
                            }),
                          },
                          {
                            typed_config: rbac({
                              rules: { action: 'DENY', policies: { 'ns[a]-policy[d]-rule[0]': {} } },
                            }),
                          },
                          {
                            typed_config: rbac({
                              rules: { policies: { 'ns[a]-policy[b]-rule[0]': {}, 'ns[a]-policy[b]-rule[1]': {} } },
                            }),
                          },
                        ],
                      },
                    },
                  ],
                },
                { filters: [{ typed_config: rbac({ rules: { policies: {} } }) }] },
              ],
            },
          },
        },
      ],
    },
  ],
});

test('authz check lists what a proxy enforces, under both of its names', async (context) => {
  const run = istioctlOn(context);
  const expected = `ACTION   AuthorizationPolicy         RULES
DENY     d.a                         1
ALLOW    _anonymous_match_nothing_   1
ALLOW    b.a                         2
CUSTOM   asked.a                     1
`;
  for (const words of [['authz'], ['x', 'authz']]) {
    assert.deepEqual(await run(...words, 'check', '-f', '-'), { code: 0, out: expected, error: '' });
  }
});
