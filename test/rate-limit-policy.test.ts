// RateLimitPolicies in a mesh: counted by what requests say and by who proves to send them, with our sidecars and with Envoys.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { envoyProgram, withoutEnvoy } from './support/envoy.ts';
import { type Answer, eventually, httpGet, type MeshUnderTest, startMesh } from './support/mesh-under-test.ts';
import { ratingsFor } from './support/ratings.ts';
import { ecKey, keySetOf, token } from './support/test-tokens.ts';

const KEY = ecKey('key', 'P-256');
const TOKENS = `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens}
spec:
  selector: {matchLabels: {app: ratings}}
  jwtRules: [{issuer: shop, jwks: '${keySetOf(KEY)}'}]
---`;

const POLICY = (name: string, limits: string) => `${TOKENS}
apiVersion: policy.meltemi.io/v1alpha1
kind: RateLimitPolicy
metadata: {name: ${name}}
spec:
  selector: {matchLabels: {app: ratings}}
  limits: ${limits}
`;

for (const { name: way, flags, skip } of [
  { name: 'our sidecars', flags: [], skip: false },
  { name: 'Envoys', flags: ['--proxy', envoyProgram ?? ''], skip: withoutEnvoy },
]) {
  describe(`with ${way}`, { skip }, () => {
    let mesh: MeshUnderTest;
    const urls = new Map<string, string>();
    before(async () => {
      mesh = await startMesh({ flags });
      for (const workload of ['reviews-v2', 'details-v1']) urls.set(workload, await ratingsFor(mesh, workload));
    });
    after(() => mesh.close());

    const call = (from: string, headers: Readonly<Record<string, string>> = {}, more = ''): Promise<Answer> =>
      httpGet(`${urls.get(from)!}${more}`, { ...headers });
    const status = async (...args: Parameters<typeof call>): Promise<number> => (await call(...args)).status;
    const as = (sub: string) => ({ authorization: `Bearer ${token(KEY, { iss: 'shop', sub, exp: 4e9 })}` });
    let probes = 0;
    /** Writes the policy with a limit more, and waits until that one refuses what no other limit does. */
    const under = async (scope: string, of: string, limits: string) => {
      const name = `${of}-${scope.toLowerCase()}`;
      const probe = `{name: probe, match: {headers: {x-probe: ${name}}}, requests: 1, per: 1h, scope: ${scope}}`;
      writeFileSync(join(mesh.directory, 'limits.yaml'), POLICY(name, `${limits}\n  - ${probe}`));
      // A connection from before may have one more request judged as before.
      for (const from of urls.keys()) {
        await eventually(async () => {
          const user = `probe-${probes++}`;
          const headers = { 'x-probe': name, 'x-user': user, ...as(user) };
          assert.equal(await status(from, headers, `/${user}`), 429);
        });
      }
    };

    for (const scope of ['LOCAL', 'GLOBAL']) {
      test(`by a header field: ${scope}`, async () => {
        await under(
          scope,
          'header',
          `
  - {name: user, by: [{header: X-User}], requests: 2, per: 1h, scope: ${scope}}`,
        );
        const first = await call('reviews-v2', { 'x-user': 'ann' });
        assert.deepEqual([first.status, first.headers['x-ratelimit-remaining']], [200, '1']);
        assert.match(String(first.headers['x-ratelimit-limit']), /^2(, 2;w=3600)?/);
        assert.equal(await status('reviews-v2', { 'x-user': 'ann' }), 200);
        const over = await call('reviews-v2', { 'x-user': 'ann' });
        assert.deepEqual([over.status, over.headers['x-ratelimit-remaining']], [429, '0']);
        if (scope === 'GLOBAL') assert.equal(over.headers['ratelimit-limit'], '2, 2;w=3600');
        assert.equal(await status('reviews-v2', { 'x-user': 'bob' }), 200);
        // Who leaves the field out is counted too.
        const without = [await status('reviews-v2'), await status('reviews-v2'), await status('reviews-v2')];
        assert.deepEqual(without, [200, 200, 429]);
      });

      test(`by identity and path, of some requests alone: ${scope}`, async () => {
        await under(
          scope,
          'identity',
          `
  - name: caller
    match: {paths: ['/ratings/*'], methods: [GET]}
    by: [{identity: true}, {path: true}]
    requests: 1
    per: 1h
    scope: ${scope}`,
        );
        assert.deepEqual([await status('reviews-v2'), await status('reviews-v2', {}, '?a=b')], [200, 429]);
        assert.equal(await status('details-v1'), 200);
        assert.equal(await status('reviews-v2', {}, '/2'), 404);
        assert.equal(await status('reviews-v2', { 'x-meltemi-limit-by-0': '=forged' }, '/2'), 429);
      });

      test(`by a claim of a token: ${scope}`, async () => {
        await under(
          scope,
          'claim',
          `
  - {name: subject, by: [{claim: sub}], requests: 1, per: 1h, scope: ${scope}}`,
        );
        const seen = [await status('reviews-v2', as('ann')), await status('reviews-v2', as('ann'))];
        assert.deepEqual(seen, [200, 429]);
        assert.equal(await status('reviews-v2', as('bob')), 200);
      });
    }

    test('a policy that makes no sense is refused with its place, and no request goes another way', async () => {
      writeFileSync(
        join(mesh.directory, 'limits.yaml'),
        POLICY('wrong', '[{name: a, requests: 0, per: 10ms, by: [{}]}]'),
      );
      await eventually(async () => {
        const messages = (await mesh.status()).problems.map(({ message }) => message).join('\n');
        for (const part of ['must be more than 0', 'must be at least 1s', 'one of header, path, identity, claim']) {
          assert.match(messages, new RegExp(part));
        }
      });
    });
  });
}
