// A thousand exchanges of both ends' certificates while requests shake hands anew, each: no handshake fails.
import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { type TestContext, test } from 'node:test';
import { call, type ControlPlane } from './ads-under-test.ts';
import { startServer } from './proxy-under-test.ts';
import type { RunningProxy } from './run.ts';
import { testAuthority } from './tls/test-certificates.ts';
import { pairSecret, portOf, startTlsPair, statsOf } from './tls-pair-under-test.ts';

const ROTATIONS = 1000;
/** For each request. */
const ROTATIONS_EACH = 4;
const REQUESTS = ROTATIONS / ROTATIONS_EACH;
const LANES = 4;
/** Certificates of each end, in turn. */
const PAIRS = 4;
const TRUST_DOMAIN = 'spiffe://rotating/';

test('certificates rotate a thousand times under traffic, and no handshake fails', async (context) => {
  const app = await startServer((_request, response) => response.end('here'));
  context.after(() => app.close());
  const { plane, proxy, rotate } = await startRotating(context, app.port);
  const port = portOf(proxy, 'out');
  const agent = new Agent({ keepAlive: true });
  context.after(() => agent.destroy());
  const answers = new Map<string, number>();
  let left = REQUESTS;
  const lanes = Array.from({ length: LANES }, async () => {
    while (left-- > 0) {
      for (let turn = 0; turn < ROTATIONS_EACH; turn++) rotate();
      const answer = await call(port, agent);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
  });
  await Promise.all(lanes);
  assert.deepEqual([...answers], [['here', REQUESTS]]);
  assert.deepEqual(plane.refusals, []);
  const stats = await statsOf(proxy);
  assert.equal(stats.get('cluster.secure.upstream_cx_connect_fail'), 0);
  assert.equal(stats.get('listener.in.ssl.connection_error'), 0);
  assert.ok(stats.get('cluster.secure.ssl.handshake')! >= REQUESTS, 'each request had a connection of its own');
  // Answers of the control plane that came together are still each taken.
  while ((await statsOf(proxy)).get('sds.server.update_success')! < ROTATIONS);
});

interface Rotating {
  readonly plane: ControlPlane;
  readonly proxy: RunningProxy;
  /** Gives both ends their next certificates. */
  readonly rotate: () => void;
}

async function startRotating(context: TestContext, app: number): Promise<Rotating> {
  const authority = testAuthority();
  const issue = () => authority.issue(`URI:${TRUST_DOMAIN}ns/a/sa/b`);
  const pairs = Array.from({ length: PAIRS }, () => [issue(), issue()] as const);
  authority.close();
  let turn = 0;
  const next = () => {
    const [client, server] = pairs[turn++ % PAIRS]!;
    return [pairSecret('client', client), pairSecret('server', server)];
  };
  const trust = {
    validation_context: {
      trusted_ca: { inline_string: authority.root },
      match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { prefix: TRUST_DOMAIN } }],
    },
  };
  // Time enough where both ends share a thread and the machine is busy.
  const secure = { connect_timeout: '30s', max_requests_per_connection: 1 };
  const { plane, proxy } = await startTlsPair(context, { app, secrets: next(), trust: () => trust, secure });
  return { plane, proxy, rotate: () => plane.set('SDS', ...next()) };
}
