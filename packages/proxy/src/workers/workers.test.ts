import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { call, ControlPlane, edsCluster, endpoints, listener, reached, routes, startByAds } from '../ads-under-test.ts';
import { type ProxySetup, type ProxyUnderTest, RawClient, startProxy, startServer } from '../proxy-under-test.ts';
import type { RunningProxy } from '../run.ts';

const LOG = 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog';
const TCP_PROXY = 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';

async function start(context: TestContext, setup: ProxySetup): Promise<ProxyUnderTest> {
  const under = await startProxy({ workers: 2, ...setup });
  context.after(() => under.close());
  return under;
}

async function stats(admin: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${admin}/stats`)).text();
  return new Map(text.split('\n').map((line) => [line.split(': ')[0]!, Number(line.split(': ')[1])]));
}

/** Counts are final a moment after the client has its answer. */
async function statsWhen(admin: string, wish: (found: ReadonlyMap<string, number>) => boolean) {
  const deadline = performance.now() + 5000;
  for (;;) {
    const found = await stats(admin);
    if (wish(found)) return found;
    assert.ok(performance.now() < deadline, `the stats stay ${JSON.stringify(Object.fromEntries(found))}`);
  }
}

/** A number of each worker's connections, by the listener's stats. */
function byWorker(found: ReadonlyMap<string, number>, name: string): readonly number[] {
  return [0, 1].map((worker) => [...found].find(([text]) => text.endsWith(`.worker_${worker}.${name}`))?.[1] ?? 0);
}

function post(admin: string, path: string): Promise<Response> {
  return fetch(`${admin}${path}`, { method: 'POST' });
}

function portOf(proxy: RunningProxy): number {
  const address = proxy.listenerAddress('http');
  return address && 'port' in address ? address.port : 0;
}

test('two workers share the connections, and the numbers of the process are what was sent', async (context) => {
  const app = await startServer((_request, response) => response.end('hello'));
  context.after(() => app.close());
  const directory = await mkdtemp(join(tmpdir(), 'workers-'));
  context.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'access.log');
  const log = { log_format: { text_format_source: { inline_string: '%RESPONSE_CODE% %REQ(:PATH)%\n' } }, path };
  const under = await start(context, {
    ports: [app.port],
    manager: { access_log: [{ name: 'file', typed_config: { '@type': LOG, ...log } }] },
  });
  const agent = new Agent({ keepAlive: false });
  const answers = await Promise.all(Array.from({ length: 200 }, () => call(under.port, agent)));
  assert.deepEqual(new Set(answers), new Set(['hello']));

  const histogram = 'cluster.app.upstream_rq_time';
  const found = await statsWhen(
    under.admin,
    (now) => now.get('listener_manager.listener_added') === 1 && now.get('http.test.downstream_cx_active') === 0,
  );
  const [first, second] = byWorker(found, 'downstream_cx_total') as [number, number];
  assert.ok(first > 0 && second > 0, `worker 0 has ${first} connections, worker 1 ${second}`);
  assert.deepEqual(
    {
      connections: first + second,
      ...Object.fromEntries(
        [
          'http.test.downstream_rq_2xx',
          'cluster.app.upstream_rq_200',
          'cluster.app.membership_total',
          'server.concurrency',
        ].map((name) => [name, found.get(name)]),
      ),
    },
    {
      connections: 200,
      'http.test.downstream_rq_2xx': 200,
      'cluster.app.upstream_rq_200': 200,
      'cluster.app.membership_total': 1,
      'server.concurrency': 2,
    },
  );
  assert.ok(found.has(histogram));
  const metrics = await (await fetch(`${under.admin}/stats/prometheus`)).text();
  assert.match(metrics, /envoy_cluster_upstream_rq_time_count\{envoy_cluster_name="app"\} 200\n/);
  assert.match(metrics, /envoy_listener_worker_downstream_cx_total\{[^}]*envoy_worker_id="1"[^}]*\}/);
  const clusters = await (await fetch(`${under.admin}/clusters`)).text();
  assert.match(clusters, new RegExp(`^app::127\\.0\\.0\\.1:${app.port}::rq_total::200$`, 'm'));

  await post(under.admin, '/reset_counters');
  await statsWhen(under.admin, (now) => now.get('http.test.downstream_rq_2xx') === 0);
  await under.close();
  const lines = (await readFile(path, 'utf8')).split('\n');
  assert.deepEqual([lines.length, new Set(lines)], [201, new Set(['200 /', ''])]);
});

test('what the control plane says reaches all workers with no failed request, and it hears one voice', async (context) => {
  const apps = await Promise.all(['one', 'two'].map((name) => startServer((_request, response) => response.end(name))));
  context.after(() => Promise.all(apps.map((app) => app.close())));
  const [one, two] = apps.map((app) => app.port) as [number, number];
  const plane = new ControlPlane();
  await plane.listen();
  plane.set('CDS', edsCluster('one'));
  plane.set('EDS', endpoints('one', one), endpoints('two', two));
  plane.set('LDS', listener('http'));
  plane.set('RDS', routes('one'));
  const proxy = await startByAds(context, plane, { workers: 2 });
  await proxy.ready;
  const port = portOf(proxy);

  const agents = [new Agent({ keepAlive: false }), new Agent({ keepAlive: true, maxSockets: 6 })];
  context.after(() => agents.forEach((agent) => agent.destroy()));
  const answers: string[] = [];
  let over = false;
  context.after(() => (over = true));
  const callers = Array.from({ length: 8 }, async (_, at) => {
    while (!over) answers.push(await call(port, agents[at % 2]!));
  });
  await reached(answers, 'one');
  for (const [from, to] of [
    ['one', 'two'],
    ['two', 'one'],
  ] as const) {
    plane.set('CDS', edsCluster(from), edsCluster(to));
    plane.set('RDS', routes(to));
    await untilOnly(answers, to);
    plane.set('CDS', edsCluster(to));
    await reached(answers, to, 200);
  }
  const bad = { match: { safe_regex: { regex: '(' } }, route: { cluster: 'one' } };
  plane.set('RDS', { name: 'routes', virtual_hosts: [{ name: 'all', domains: ['*'], routes: [bad] }] });
  await reached(answers, 'one', 200);
  over = true;
  await Promise.all(callers);
  assert.deepEqual(new Set(answers), new Set(['one', 'two']));
  assert.equal(plane.streams, 1);
  assert.equal(plane.refusals.length, 1);
  assert.match(plane.refusals[0]!, /routes/);
  const found = await stats(`http://127.0.0.1:${proxy.adminPort}`);
  assert.ok(byWorker(found, 'downstream_cx_total').every((count) => count > 0));
  // The bootstrap's, one, two, and one again: each counted once.
  assert.equal(found.get('cluster_manager.cluster_added'), 4);
});

/** Resolves when a hundred answers in a row are of the name: every worker has heard of it. */
async function untilOnly(answers: readonly string[], name: string): Promise<void> {
  const deadline = performance.now() + 8000;
  while (answers.length < 100 || answers.slice(-100).some((answer) => answer !== name)) {
    assert.ok(performance.now() < deadline, `not only ${name}: ${answers.slice(-100).join()}`);
    await new Promise(setImmediate);
  }
}

test('a drain lets every request of every worker end', async (context) => {
  const waiting: (() => void)[] = [];
  let arrived: () => void = () => {};
  const app = await startServer((_request, response) => {
    waiting.push(() => response.end('late'));
    arrived();
  });
  context.after(() => app.close());
  const under = await start(context, { ports: [app.port] });
  const agent = new Agent({ keepAlive: true });
  context.after(() => agent.destroy());
  const all = new Promise<void>((resolve) => (arrived = () => waiting.length === 40 && resolve()));
  const answers = Array.from({ length: 40 }, () => call(under.port, agent));
  await all;
  assert.ok(byWorker(await stats(under.admin), 'downstream_cx_active').every((count) => count > 0));
  const drained = under.proxy.drain();
  for (const answer of waiting) answer();
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['late']));
  await drained;
  assert.match(await call(under.port, agent), /^failed: /);
});

test('a limit of connections holds for the process', async (context) => {
  const sockets = new Set<Socket>();
  const app = createServer((socket) => void sockets.add(socket.on('error', () => {})).add(socket)).listen(
    0,
    '127.0.0.1',
  );
  await new Promise((resolve) => app.once('listening', resolve));
  context.after(() => {
    app.close();
    for (const socket of sockets) socket.destroy();
  });
  app.on('connection', (socket: Socket) => socket.write('hello'));
  const under = await start(context, {
    ports: [(app.address() as AddressInfo).port],
    cluster: { circuit_breakers: { thresholds: [{ max_connections: 10 }] } },
    networkFilter: { name: 'tcp', typed_config: { '@type': TCP_PROXY, stat_prefix: 'tcp', cluster: 'app' } },
  });
  const clients: RawClient[] = [];
  context.after(() => clients.forEach((client) => client.close()));
  for (let made = 0; made < 30; made++) {
    const client = new RawClient(under.port);
    clients.push(client);
    await client.until((text) => text === 'hello');
  }
  assert.equal(clients.filter((client) => client.text === 'hello').length, 10);
  const found = await stats(under.admin);
  assert.ok(byWorker(found, 'downstream_cx_active').every((count) => count > 0));
  assert.deepEqual(
    [
      'cluster.app.upstream_cx_active',
      'cluster.app.upstream_cx_overflow',
      'cluster.app.circuit_breakers.default.cx_open',
    ].map((name) => found.get(name)),
    [10, 20, 1],
  );
  // Given back by one worker, a place is free for all.
  clients.find((client) => client.text === 'hello')!.close();
  await statsWhen(under.admin, (now) => now.get('cluster.app.circuit_breakers.default.cx_open') === 0);
  const next = new RawClient(under.port);
  clients.push(next);
  assert.equal(await next.until((text) => text === 'hello'), 'hello');
});

test('a limit of requests holds for the process', async (context) => {
  let held = 0;
  let moved: () => void = () => {};
  const app = await startServer(() => {
    held++;
    moved();
  });
  context.after(() => app.close());
  const under = await start(context, {
    ports: [app.port],
    cluster: { circuit_breakers: { thresholds: [{ max_requests: 5 }] } },
  });
  const agent = new Agent({ keepAlive: false });
  context.after(() => agent.destroy());
  const refused: string[] = [];
  for (let sent = 0; sent < 20; sent++) {
    await new Promise<void>((resolve) => {
      moved = resolve;
      const answer = (text: string) => {
        refused.push(text);
        resolve();
      };
      void call(under.port, agent).then(answer);
    });
  }
  assert.deepEqual([held, refused.length], [5, 15]);
  assert.match(refused[0]!, /overflow/);
});

test('failures in all workers together eject a host, for all of them, until its time is over', async (context) => {
  let asked = 0;
  const app = await startServer((_request, response) => {
    asked++;
    response.writeHead(500).end('failed');
  });
  context.after(() => app.close());
  const under = await start(context, {
    ports: [app.port],
    cluster: {
      common_lb_config: { healthy_panic_threshold: { value: 0 } },
      outlier_detection: {
        consecutive_5xx: 20,
        max_ejection_percent: 100,
        base_ejection_time: '3s',
        interval: '0.2s',
        enforcing_success_rate: 0,
      },
    },
  });
  const agent = new Agent({ keepAlive: false });
  context.after(() => agent.destroy());
  const ejections = 'cluster.app.outlier_detection.ejections_active';
  const answers = async (): Promise<readonly string[]> => {
    const heard: string[] = [];
    for (let sent = 0; sent < 20; sent++) heard.push(await call(under.port, agent));
    return heard;
  };
  assert.deepEqual(new Set(await answers()), new Set(['failed']));
  const found = await statsWhen(under.admin, (now) => now.get(ejections) === 1);
  assert.ok(byWorker(found, 'downstream_cx_total').every((count) => count > 0));
  assert.deepEqual(new Set(await answers()), new Set(['no healthy upstream']));
  assert.equal(asked, 20);
  assert.match(await (await fetch(`${under.admin}/clusters`)).text(), /health_flags::\/failed_outlier_check/);
  await statsWhen(under.admin, (now) => now.get(ejections) === 0);
  assert.ok((await answers()).includes('failed'));
});

test('what the administrator does reaches all workers', async (context) => {
  const app = await startServer((_request, response) => response.end('hello'));
  context.after(() => app.close());
  const under = await start(context, { ports: [app.port], drainTimeMs: 300 });
  const closes = async (): Promise<ReadonlySet<string>> => {
    const seen = Array.from({ length: 40 }, async () => {
      const client = new RawClient(under.port);
      client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      const text = await client.until((all) => all.includes('hello'));
      client.close();
      return text === '' ? 'refused' : /^connection: close/im.test(text) ? 'close' : 'stays';
    });
    return new Set(await Promise.all(seen));
  };
  assert.deepEqual(await closes(), new Set(['stays']));
  await post(under.admin, '/healthcheck/fail');
  assert.equal((await fetch(`${under.admin}/ready`)).status, 503);
  assert.deepEqual(await closes(), new Set(['close']));
  await post(under.admin, '/healthcheck/ok');
  assert.deepEqual(await closes(), new Set(['stays']));
  // Ever more responses close, then the listeners stop.
  await post(under.admin, '/drain_listeners?graceful');
  const deadline = performance.now() + 5000;
  for (let last: ReadonlySet<string> = new Set(); !last.has('refused') || last.size > 1; last = await closes()) {
    assert.ok(performance.now() < deadline, `connections are ${[...last].join()}`);
  }
  assert.equal((await fetch(`${under.admin}/ready`)).status, 200);
});

test('only inbound listeners stop where that is asked', async (context) => {
  const app = await startServer((_request, response) => response.end('hello'));
  context.after(() => app.close());
  const agent = new Agent({ keepAlive: false });
  for (const [direction, after] of [
    ['INBOUND', /^failed: /],
    ['OUTBOUND', /^hello$/],
  ] as const) {
    const under = await start(context, { ports: [app.port], listener: { traffic_direction: direction } });
    assert.equal(await call(under.port, agent), 'hello');
    await post(under.admin, '/drain_listeners?inboundonly');
    // The other worker stops when it gets the word: by the time that it answers, it has.
    await stats(under.admin);
    assert.match(await call(under.port, agent), after);
  }
});

test('one worker checks the health of hosts, and all go by what it finds', async (context) => {
  let [sick, checks] = [false, 0];
  const one = await startServer((request, response) => {
    if (request.url === '/healthz') checks++;
    response.writeHead(request.url === '/healthz' && sick ? 503 : 200).end('one');
  });
  const two = await startServer((_request, response) => response.end('two'));
  context.after(() => Promise.all([one.close(), two.close()]));
  const check = { timeout: '1s', interval: '0.05s', unhealthy_threshold: 1, healthy_threshold: 1 };
  const under = await start(context, {
    ports: [one.port, two.port],
    cluster: {
      health_checks: [
        {
          ...check,
          no_traffic_interval: '0.05s',
          unhealthy_interval: '0.05s',
          http_health_check: { path: '/healthz' },
        },
      ],
    },
  });
  const agent = new Agent({ keepAlive: false });
  const answers: string[] = [];
  const until = async (wish: (last: ReadonlySet<string>) => boolean): Promise<void> => {
    const deadline = performance.now() + 8000;
    for (let last: ReadonlySet<string> = new Set(); !wish(last);) {
      assert.ok(performance.now() < deadline, `answers are ${[...last].join()}`);
      const some = await Promise.all(Array.from({ length: 60 }, () => call(under.port, agent)));
      answers.push(...some);
      last = new Set(some);
    }
  };
  await until((last) => last.size === 2);
  sick = true;
  await until((last) => last.size === 1 && last.has('two'));
  sick = false;
  await until((last) => last.size === 2);
  assert.deepEqual(new Set(answers), new Set(['one', 'two']));
  // Both hosts are checked alike; one of them counted too.
  const found = await stats(under.admin);
  const [counted, attempts] = [checks, found.get('cluster.app.health_check.attempt')!];
  assert.ok(Math.abs(attempts / 2 - counted) < 5, `${attempts} checks of two hosts, one of which saw ${counted}`);
  assert.ok(byWorker(found, 'downstream_cx_total').every((count) => count > 0));
});

test('a worker that fails ends the proxy', async (context) => {
  const under = await start(context, { program: { fails: 'when logs are reopened' } });
  await post(under.admin, '/reopen_logs');
  assert.equal((await under.proxy.failed).message, 'worker 1 failed: as told');
});

test('a proxy whose worker fails at once does not become ready', async () => {
  await assert.rejects(startProxy({ workers: 2, program: { fails: 'at once' } }), {
    message: 'worker 1 failed: as told',
  });
});
