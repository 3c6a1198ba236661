// Refusals of overloaded upstreams' requests, beside a real Envoy's.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { withoutEnvoy } from './support/envoy.ts';
import { clusterOf, httpFilter, startPairedProxies } from './support/paired-proxies.ts';

const skip = withoutEnvoy;

/** Keeps requests for `/held` until `release`; answers others with the status that their path names. */
async function startUpstream(context: TestContext) {
  const held: ServerResponse[] = [];
  const server = createServer((incoming, response) => {
    if (incoming.url === '/held') {
      held.push(response);
      server.emit('held');
    } else {
      response.writeHead(Number(incoming.url?.slice(1))).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    port: (server.address() as AddressInfo).port,
    async holds(count: number): Promise<void> {
      while (held.length < count) await once(server, 'held');
    },
    release: () => held.splice(0).forEach((response) => response.end()),
  };
}

async function send(port: number, path: string) {
  const call = request({ host: '127.0.0.1', port, path, agent: false });
  call.end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const body = await buffer(response);
  const headers = { ...response.headers };
  for (const name of ['date', 'x-envoy-upstream-service-time', 'transfer-encoding']) delete headers[name];
  return { status: response.statusCode, headers, body: body.toString() };
}

async function statsOf(admin: number, filter: string): Promise<readonly string[]> {
  const response = await fetch(`http://127.0.0.1:${admin}/stats?filter=${filter}`);
  return (await response.text()).trim().split('\n').sort();
}

test('requests above the concurrency limit are refused as Envoy refuses them', { skip }, async (context) => {
  const upstream = await startUpstream(context);
  const gradient = {
    concurrency_limit_params: { concurrency_update_interval: '60s' },
    min_rtt_calc_params: { interval: '60s', min_concurrency: 2, request_count: 50 },
  };
  const filter = (more: object) =>
    httpFilter('adaptive_concurrency', 'AdaptiveConcurrency', { gradient_controller_config: gradient, ...more });
  const routes = [{ match: { prefix: '/' }, route: { cluster: 'upstream' } }];
  const pair = await startPairedProxies(context, {
    clusters: [clusterOf('upstream', upstream.port)],
    listeners: [
      { routes, filters: [filter({})] },
      { routes, filters: [filter({ concurrency_limit_exceeded_status: { code: 'TooManyRequests' } })] },
      { routes, filters: [filter({ concurrency_limit_exceeded_status: { code: 'OK' } })] },
      { routes, filters: [filter({ enabled: { default_value: false } })] },
    ],
  });
  for (const listener of [0, 1, 2, 3]) {
    const ports = [pair.envoy.listeners[listener]!, pair.ours.listeners[listener]!];
    const waiting = ports.flatMap((port) => [send(port, '/held'), send(port, '/held')]);
    await upstream.holds(4);
    const [theirs, own] = await Promise.all(ports.map((port) => send(port, '/204')));
    assert.deepEqual(own, theirs, `listener ${listener}`);
    upstream.release();
    assert.deepEqual(
      (await Promise.all(waiting)).map(({ status }) => status),
      [200, 200, 200, 200],
    );
    const [theirNext, ownNext] = await Promise.all(ports.map((port) => send(port, '/204')));
    assert.deepEqual(ownNext, theirNext);
    assert.equal(ownNext!.status, 204);
  }
  const [theirs, own] = await Promise.all(
    [pair.envoy, pair.ours].map(({ admin }) => statsOf(admin, 'adaptive_concurrency')),
  );
  assert.deepEqual(own, theirs);
});

test('a share of the requests is refused as Envoy refuses them while too many fail', { skip }, async (context) => {
  const upstream = await startUpstream(context);
  const filter = (more: object) =>
    httpFilter('admission_control', 'AdmissionControl', { success_criteria: {}, ...more });
  const routes = [{ match: { prefix: '/' }, route: { cluster: 'upstream' } }];
  const always = {
    max_rejection_probability: { default_value: { value: 100 }, runtime_key: 'a' },
    aggression: { default_value: 1_000_000, runtime_key: 'b' },
  };
  const pair = await startPairedProxies(context, {
    clusters: [clusterOf('upstream', upstream.port)],
    listeners: [
      { routes, filters: [filter(always)] },
      {
        routes,
        filters: [
          filter({
            ...always,
            success_criteria: { http_criteria: { http_success_status: [{ start: 500, end: 504 }] } },
          }),
        ],
      },
      { routes, filters: [filter({ ...always, rps_threshold: { default_value: 1_000_000, runtime_key: 'c' } })] },
      { routes, filters: [filter({ ...always, enabled: { default_value: false, runtime_key: 'd' } })] },
    ],
  });
  const outcomes: number[] = [];
  for (const listener of [0, 1, 2, 3]) {
    // With such an aggression the probability is nearly 1 as soon as too many failed: nothing is left to chance.
    for (const path of ['/200', '/404', '/503', '/503']) {
      const ports = [pair.envoy.listeners[listener]!, pair.ours.listeners[listener]!];
      const [theirs, own] = await Promise.all(ports.map((port) => send(port, path)));
      assert.deepEqual(own, theirs, `listener ${listener} ${path}`);
      outcomes.push(own!.status!);
    }
  }
  assert.ok(outcomes.length === 16);
  const [theirs, own] = await Promise.all(
    [pair.envoy, pair.ours].map(({ admin }) => statsOf(admin, 'admission_control')),
  );
  assert.deepEqual(own, theirs);
});
