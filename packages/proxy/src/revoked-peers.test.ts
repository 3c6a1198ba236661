// A certificate is taken back while connections of it are open: its peers close them when they hear of it.
import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { call } from './ads-under-test.ts';
import { startServer } from './proxy-under-test.ts';
import { testAuthority } from './tls/test-certificates.ts';
import { type End, pairSecret, portOf, SDS, startTlsPair, statsOf } from './tls-pair-under-test.ts';

const DEADLINE_MS = 10_000;

for (const taken of ['client', 'server'] as const) {
  test(`open connections of a ${taken}'s certificate are closed when it is taken back`, async (context) => {
    const authority = testAuthority();
    context.after(() => authority.close());
    const pairs = {
      client: authority.issue('URI:spiffe://td/client'),
      server: authority.issue('URI:spiffe://td/server'),
    };
    const app = await startServer((_, response) => response.end('here'));
    context.after(() => app.close());
    const keys = (['client', 'server'] as const).map((end) => pairSecret(end, pairs[end]));
    const trust = (end: End, ...revoked: readonly string[]) => ({
      name: `${end}-trust`,
      validation_context: {
        trusted_ca: { inline_string: authority.root },
        crl: { inline_string: authority.revocationList(...revoked) },
      },
    });
    const { plane, proxy } = await startTlsPair(context, {
      app: app.port,
      secrets: [...keys, trust('client'), trust('server')],
      trust: (end) => ({ validation_context_sds_secret_config: { name: `${end}-trust`, ...SDS } }),
      secure: {},
    });
    const agent = new Agent({ keepAlive: true });
    context.after(() => agent.destroy());
    const ask = () => call(portOf(proxy, 'out'), agent);
    const stat = async (name: string) => (await statsOf(proxy)).get(name);
    assert.equal(await ask(), 'here');
    assert.equal(await stat('cluster.secure.upstream_cx_active'), 1);
    const other: End = taken === 'client' ? 'server' : 'client';
    const { certificate } = pairs[taken];
    plane.set('SDS', ...keys, trust(taken), trust(other, certificate));
    const deadline = performance.now() + DEADLINE_MS;
    while ((await stat('cluster.secure.upstream_cx_active')) !== 0) {
      assert.ok(performance.now() < deadline, 'the connection stays open');
      await delay(20);
    }
    assert.notEqual(await ask(), 'here', 'no new one is made');
    plane.set('SDS', ...keys, trust(taken), trust(other));
    while ((await ask()) !== 'here') assert.ok(performance.now() < deadline, 'nothing is let in again');
    assert.deepEqual(plane.refusals, []);
  });
}
