// Attempts to get past AuthorizationPolicies, and random ones: a real Envoy and our sidecar, by our control plane's filters.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessRequest } from '@meltemi/decide';
import { withoutEnvoy } from './support/envoy.ts';
import { type Guarding, guardingFilters } from './support/guarding-filters.ts';
import { type PairedProxies, startPairedProxies } from './support/paired-proxies.ts';
import { randomAuthorization, randomCalls } from './support/random-access.ts';
import type { TestRequest } from './support/random-requests.ts';

const skip = withoutEnvoy;
const BASE = { normalize_path: true };
const MERGED = { ...BASE, merge_slashes: true };
const DECODED = { ...MERGED, path_with_escaped_slashes_action: 'UNESCAPE_AND_FORWARD' };
const noAdmin = { action: 'DENY', rules: [{ to: [{ operation: { paths: ['/admin', '/admin/*'] } }] }] };
const noSecretHost = { action: 'DENY', rules: [{ to: [{ operation: { hosts: ['secret.com', 'secret.com:*'] } }] }] };
const role = (action: string, condition: object) => ({
  action,
  rules: [{ when: [{ key: 'request.headers[x-role]', ...condition }] }],
});
const noEvil = role('DENY', { values: ['evil'] });
const anyButEvil = role('ALLOW', { notValues: ['evil'] });
const plaintextCallers = [
  { action: 'DENY', rules: [{ from: [{ source: { namespaces: ['demo'] } }] }] },
  { action: 'ALLOW', rules: [{ from: [{ source: { notNamespaces: ['demo'] } }] }] },
];

test('a protected page is not to be had', { skip }, async (context) => {
  const proxies = await startPairedProxies(context, {
    listeners: [
      { ...guarded(noAdmin), manager: BASE },
      { ...guarded(noAdmin), manager: MERGED },
      { ...guarded(noAdmin), manager: DECODED },
      { ...guarded(noSecretHost), manager: BASE },
      { ...guarded(noEvil), manager: BASE },
      { ...guarded(anyButEvil), manager: BASE },
      { ...guarded(...plaintextCallers), manager: BASE },
    ],
  });

  await context.test('by another spelling of its path', async () => {
    const plain = '/admin //admin /x/../admin /./admin /%61dmin /x/%2e%2e/admin /admin/ /admin/x /admin?x /ADMIN';
    const slashed = '/admin%2fx /%2fadmin /admin%2F..%2Fadmin /%5cadmin /x%5c..%5cadmin /x\\..\\admin';
    const dotted = '/admin;x=1 /a/.;p=1/../admin /..;/admin /admin/./ /x//../admin /x/../../admin';
    const written = [plain, slashed, dotted].flatMap((paths) => paths.split(' '));
    let refused = 0;
    for (const listener of [0, 1, 2]) {
      for (const path of written) {
        const { status, upstream } = await proxies.same(listener, { path });
        assert.ok([200, 400, 403].includes(status), `${path}: ${status}`);
        if (status !== 200) refused++;
        // What was judged is what goes on: the application never sees the protected path.
        assert.doesNotMatch(upstream?.path ?? '', /^\/admin([/?]|$)/, path);
      }
    }
    assert.ok(refused > 30, `${refused} refused`);
    assert.equal((await proxies.same(0, { path: '/other' })).status, 200);
  });

  await context.test('by another spelling of its host', async () => {
    for (const authority of ['secret.com', 'Secret.COM', 'secret.com:8080', 'SECRET.com:80']) {
      assert.equal((await proxies.same(3, { authority })).status, 403, authority);
    }
    assert.equal((await proxies.same(3, { authority: 'other.com' })).status, 200);
  });

  await context.test('by a header that is there twice, or spaced', async () => {
    for (const value of [['good', 'evil'], ['evil', 'good'], 'evil', ' evil', 'evil ']) {
      for (const listener of [4, 5]) {
        const seen = await proxies.same(listener, { headers: { 'x-role': value } });
        assert.equal(seen.status, 403, `${JSON.stringify(value)} at ${listener}`);
      }
    }
    for (const listener of [4, 5]) {
      assert.equal((await proxies.same(listener, { headers: { 'x-role': 'good' } })).status, 200);
    }
  });

  await context.test('by bytes that are no text', async () => {
    const value = Buffer.from([0x65, 0x76, 0xff, 0x69, 0x6c]).toString('latin1');
    await proxies.same(4, { headers: { 'x-role': value } });
    await proxies.same(5, { headers: { 'x-role': value } });
  });

  await context.test('nobody is of no namespace: a caller without identity is what Istio says', async () => {
    assert.equal((await proxies.same(6, {})).status, 200);
  });
});

test('random policies let the same calls in, with Envoy, ours and the kernel', { skip }, async (context) => {
  const apps = Array.from({ length: 16 }, (_, index) => `app${index}`);
  const policies = Map.groupBy(
    randomAuthorization(815, apps) as readonly { spec: { selector: { matchLabels: { app: string } } } }[],
    ({ spec }) => spec.selector.matchLabels.app,
  );
  const guards = apps.map((app) =>
    guardingFilters((policies.get(app) ?? []).map(({ spec }) => ({ ...spec, selector: {} }))),
  );
  const proxies = await startPairedProxies(context, { listeners: guards.map(({ filters }) => ({ filters })) });
  const [pairs, denied] = await judgeCalls(proxies, guards);
  process.stdout.write(`${pairs} calls, ${denied} of them denied, by all alike\n`);
  assert.ok(pairs >= 1500 && denied > pairs / 20 && denied < (pairs * 19) / 20, `${denied} of ${pairs} denied`);
});

async function judgeCalls(proxies: PairedProxies, guards: readonly Guarding[]): Promise<[number, number]> {
  let [pairs, denied] = [0, 0];
  for (const [listener, { judges }] of guards.entries()) {
    for (const call of randomCalls(listener, 100)) {
      const { status } = await proxies.same(listener, requestOf(call));
      const local = { host: '127.0.0.1', port: proxies.ours.listeners[listener]! };
      const allowed = judges.every(({ enforced }) => enforced!.judge(asPlaintext(call, local)).allowed);
      assert.equal(status, allowed ? 200 : 403, JSON.stringify(call));
      pairs++;
      if (!allowed) denied++;
    }
  }
  return [pairs, denied];
}

function guarded(...specs: readonly object[]) {
  return { filters: guardingFilters(specs).filters };
}

function requestOf({ request }: AccessRequest): Partial<TestRequest> {
  const { method, path, authority, headers } = request!;
  const value = headers.get('x-a');
  return { method, path, authority, headers: value === undefined ? {} : { 'x-a': value } };
}

/** As it comes over loopback: without identity or token. */
function asPlaintext({ request }: AccessRequest, local: { host: string; port: number }): AccessRequest {
  const remote = { host: '127.0.0.1', port: 1024 };
  return {
    connection: { local, remote, serverName: undefined, peer: undefined },
    request: { ...request!, remoteAddress: '127.0.0.1', metadata: undefined },
  };
}
