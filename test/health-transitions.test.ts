// Active health checks take a host through the same states in ours and in a real Envoy: check by check, by flags and counters.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { startEnvoy, withoutEnvoy as skip } from './support/envoy.ts';
import { freePorts } from './support/free-ports.ts';
import { eventually, httpGet } from './support/mesh-under-test.ts';
import { clusterOf } from './support/paired-proxies.ts';
import { startProxyProcess } from './support/proxy-process.ts';

const TYPE = 'type.googleapis.com/envoy.extensions.filters';
const FAIL = 'x-envoy-immediate-health-check-fail';

/** How a check is answered; `request`: before it, a request hears from the host that it is failing. */
type Answer = 'good' | 'degraded' | 'bad' | 'bad, leave me out' | 'close' | 'hang' | 'request';
const GOOD: readonly Answer[] = ['good', 'good', 'good'];
const ANSWERS: readonly Answer[] = [
  ...GOOD,
  'bad',
  ...GOOD,
  'close',
  'good',
  'close',
  'close',
  ...GOOD,
  'hang',
  'hang',
  ...GOOD,
  'bad, leave me out',
  ...GOOD,
  'degraded',
  ...GOOD,
  'request',
  ...GOOD,
];

const CHECK = {
  timeout: '0.6s',
  interval: '0.05s',
  no_traffic_interval: '0.05s',
  unhealthy_threshold: 2,
  healthy_threshold: 2,
  http_health_check: { path: '/check' },
};

type Start = (bootstrap: JsonObject) => Promise<{ stop(): unknown }>;

test('each check leaves a host as it leaves one of Envoy', { skip, timeout: 60_000 }, async (context) => {
  const [envoys, ours] = await Promise.all([startEnvoy, startProxyProcess].map((start) => statesUnder(context, start)));
  assert.deepEqual(ours, envoys);
  const last = ours!.filter(({ answer }) => answer !== 'good').map(({ answer, flags }) => `${answer}: ${flags}`);
  assert.deepEqual(last, [
    'bad: /failed_active_hc',
    'close: healthy',
    'close: healthy',
    'close: /failed_active_hc',
    'hang: healthy',
    'hang: /failed_active_hc/active_hc_timeout',
    'bad, leave me out: /failed_active_hc/excluded_via_immediate_hc_fail',
    'degraded: /degraded_active_hc',
    'request: /failed_active_hc/excluded_via_immediate_hc_fail',
  ]);
});

interface State {
  readonly answer: Answer;
  /** After it. */
  readonly flags: string;
  readonly counts: readonly string[];
}

/** What each answer left behind, seen when the next check comes. */
async function statesUnder(context: TestContext, start: Start): Promise<readonly State[]> {
  const [listener, admin] = (await freePorts(2)) as [number, number];
  const app = new ScriptedApp(listener, admin);
  const server = await app.listen(context);
  const proxy = await start(bootstrapOf((server.address() as AddressInfo).port, listener, admin));
  context.after(() => proxy.stop());
  return app.states;
}

class ScriptedApp {
  readonly #listener: number;
  readonly #admin: number;
  readonly #seen: State[] = [];
  #checks = 0;
  readonly #done = Promise.withResolvers<readonly State[]>();

  constructor(listener: number, admin: number) {
    this.#listener = listener;
    this.#admin = admin;
  }

  get states(): Promise<readonly State[]> {
    return this.#done.promise;
  }

  async listen(context: TestContext): Promise<Server> {
    const server = createServer((request, response) => {
      if (request.url !== '/check') response.writeHead(200, { [FAIL]: 'true' }).end();
      else this.#check(request, response).catch((error: Error) => this.#done.reject(error));
    });
    context.after(() => {
      server.close();
      server.closeAllConnections();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return server;
  }

  async #check(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = this.#checks++;
    if (at > 0 && at <= ANSWERS.length && ANSWERS[at - 1] !== 'request') await this.#note(ANSWERS[at - 1]!);
    if (at === ANSWERS.length) this.#done.resolve(this.#seen);
    switch (ANSWERS[at] ?? 'good') {
      case 'good':
        return void response.end();
      case 'degraded':
        return void response.writeHead(200, { 'x-envoy-degraded': '' }).end();
      case 'bad':
        return void response.writeHead(503).end();
      case 'bad, leave me out':
        return void response.writeHead(503, { [FAIL]: '' }).end();
      case 'close':
        return void request.socket.destroy();
      case 'hang':
        return;
      case 'request':
        await httpGet(`http://127.0.0.1:${this.#listener}/`);
        await eventually(async () => assert.notEqual(await this.#flags(), 'healthy'));
        await this.#note('request');
        response.end();
    }
  }

  async #note(answer: Answer): Promise<void> {
    const stats = await httpGet(`http://127.0.0.1:${this.#admin}/stats?filter=^cluster.app.(health_check|membership)`);
    // Envoy's `health_check.degraded` stays at 1 when a degraded host is well again.
    const counts = stats.body.split('\n').filter((line) => !/membership_(change|total)|check.degraded/.test(line));
    this.#seen.push({ answer, flags: await this.#flags(), counts });
  }

  async #flags(): Promise<string> {
    const { body } = await httpGet(`http://127.0.0.1:${this.#admin}/clusters`);
    return /^app::.*::health_flags::(.*)$/m.exec(body)?.[1] ?? '';
  }
}

function bootstrapOf(upstream: number, listener: number, admin: number): JsonObject {
  const address = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });
  const manager = {
    '@type': `${TYPE}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'test',
    http_filters: [{ name: 'router', typed_config: { '@type': `${TYPE}.http.router.v3.Router` } }],
    route_config: {
      virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'app' } }] }],
    },
  };
  return {
    node: { id: 'test', cluster: 'test' },
    admin: { address: address(admin) },
    static_resources: {
      clusters: [clusterOf('app', upstream, { health_checks: [CHECK] })],
      listeners: [
        {
          name: 'test',
          address: address(listener),
          filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
        },
      ],
    },
  };
}
