import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { create, fromJson, type JsonValue } from '@bufbuild/protobuf';
import type { Listener } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { type RouteConfiguration, RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import { type Secret, SecretSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import { type Clock, ManualClock, seededDice, silentLogger, systemClock } from '@meltemi/base';
import { createLogFiles, StatsStore } from '@meltemi/telemetry';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { RawClient, routerFilter } from '../proxy-under-test.ts';
import { testAuthority } from '../tls/test-certificates.ts';
import { localCounters } from '../workers/shared-counters.ts';
import { xdsRegistry } from '../xds/registry.ts';
import type { Rejection } from '../xds/xds-client.ts';
import { ListenerManager } from './listener-manager.ts';
import { TapRegistry } from '../tap/tap-registry.ts';

/** A listener manager whose routes and secrets the test pushes. */
class Pushed {
  readonly manager: ListenerManager;
  readonly stats = new StatsStore();
  readonly #routes = new Map<string, ((routes: RouteConfiguration) => Rejection | undefined)[]>();
  readonly #secrets = new Map<string, ((secret: Secret) => string | undefined)[]>();
  readonly #missing = new Map<string, (() => void)[]>();

  constructor(context: TestContext, clock: Clock = systemClock()) {
    this.manager = new ListenerManager({
      clusters: { get: () => undefined, names: () => [], has: () => true, snapshot: () => [] },
      stats: this.stats,
      accessLogs: { files: createLogFiles(clock), hostname: 'test' },
      clock,
      dice: seededDice(1),
      logger: silentLogger,
      watchRoutes: (_source, name, onRoutes, onMissing) => {
        watch(this.#missing, name, onMissing);
        return watch(this.#routes, name, onRoutes);
      },
      awaitClusters: () => undefined,
      watchSecret: (config, onSecret, onMissing) => {
        if (onMissing) watch(this.#missing, config.name, onMissing);
        return watch(this.#secrets, config.name, onSecret);
      },
      watchExtension: () => ({ close() {} }),
      counters: localCounters,
      drainTimeMs: 300,
      taps: new TapRegistry(),
      drainingChains: new Set(),
    });
    context.after(() => this.manager.close());
  }

  routes(name: string, body: string): void {
    const routes = routesSaying(name, body);
    for (const push of this.#routes.get(name) ?? []) assert.equal(push(routes), undefined);
  }

  /** Sends routes that can't be honoured; why they were refused. */
  refusedRoutes(name: string): string | undefined {
    const routes = routesSaying(name, 'bad');
    const header = { key: 'x-bad', value: '%NONSENSE%' };
    const bad = fromJson(RouteConfigurationSchema, { name, response_headers_to_add: [{ header }] });
    const refusable = { ...routes, responseHeadersToAdd: bad.responseHeadersToAdd };
    return this.#routes.get(name)?.map((push) => push(refusable))[0]?.message;
  }

  /** The source has none, or did not answer in time. */
  missing(name: string): void {
    for (const tell of this.#missing.get(name) ?? []) tell();
  }

  secret(secret: Secret): readonly (string | undefined)[] {
    return (this.#secrets.get(secret.name) ?? []).map((push) => push(secret));
  }

  apply(...listeners: readonly Listener[]): readonly Rejection[] {
    return this.manager.update(new Map(listeners.map((listener) => [listener.name, listener])), []);
  }

  /** Resolves when the stat has the value; there is no event for it. */
  async statBecomes(name: string, value: number): Promise<void> {
    for (;;) {
      const stat = this.stats.list().find((each) => each.name.text === name);
      if (stat && 'value' in stat.cell && stat.cell.value === value) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  port(name: string): number {
    const address = this.manager.address(name);
    return address && 'port' in address ? address.port : 0;
  }
}

function watch<Push>(watchers: Map<string, Push[]>, name: string, push: Push): { close(): void } {
  watchers.set(name, [...(watchers.get(name) ?? []), push]);
  return {
    close: () =>
      void watchers.set(
        name,
        (watchers.get(name) ?? []).filter((each) => each !== push),
      ),
  };
}

function routesSaying(name: string, body: string): RouteConfiguration {
  const action = { status: 200, body: { inline_string: body } };
  const virtualHost = { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, direct_response: action }] };
  return fromJson(RouteConfigurationSchema, { name, virtual_hosts: [virtualHost] });
}

interface ListenerFields {
  readonly port?: number;
  readonly routes?: object;
  readonly manager?: object;
  readonly chain?: object;
  readonly filter?: string;
}

function listener(name: string, fields: ListenerFields = {}): Listener {
  const types = 'type.googleapis.com/envoy.extensions.filters.network';
  const filter = {
    name: 'filter',
    typed_config: {
      '@type': `${types}.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: name,
      ...(fields.routes ?? { rds: { route_config_name: 'routes', config_source: { ads: {} } } }),
      http_filters: [routerFilter()],
      ...fields.manager,
    },
  };
  const message = {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: fields.port ?? 0 } },
    filter_chains: [{ filters: [filter], ...fields.chain }],
  };
  return fromJson(ListenerSchema, message as JsonValue, { registry: xdsRegistry });
}

const INSPECTS: JsonValue = {
  listener_filters: [
    {
      name: 'inspector',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.listener.http_inspector.v3.HttpInspector',
      },
    },
  ],
};

async function ask(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text();
}

test('a listener opens when its routes are there, not before', async (context) => {
  const pushed = new Pushed(context);
  assert.deepEqual(pushed.apply(listener('a')), []);
  assert.equal(pushed.manager.snapshot()[0]?.state, 'warming');
  pushed.routes('routes', 'one');
  await pushed.manager.settled();
  assert.equal(await ask(pushed.port('a')), 'one');
});

test('a listener waits for its routes until their source says that none come, and opens without', async (context) => {
  const clock = new ManualClock(1);
  const pushed = new Pushed(context, clock);
  pushed.apply(listener('a'));
  clock.advance(3_600_000);
  assert.equal(pushed.manager.snapshot()[0]?.state, 'warming');
  pushed.missing('routes');
  await pushed.manager.settled();
  const status = async () => (await fetch(`http://127.0.0.1:${pushed.port('a')}/`)).status;
  assert.equal(await status(), 404);
  pushed.routes('routes', 'late');
  assert.equal(await status(), 200);
});

test('a listener does not wait for better routes than those that it refused', async (context) => {
  const pushed = new Pushed(context);
  pushed.apply(listener('a'));
  assert.match(pushed.refusedRoutes('routes') ?? '', /NONSENSE/);
  await pushed.manager.settled();
  assert.equal((await fetch(`http://127.0.0.1:${pushed.port('a')}/`)).status, 404);
});

test('a listener whose secrets do not come opens, and refuses handshakes until they do', async (context) => {
  const authority = testAuthority();
  context.after(() => authority.close());
  const clock = new ManualClock(1);
  const pushed = new Pushed(context, clock);
  pushed.apply(listener('a', { chain: { transport_socket: tlsSocket() } }));
  pushed.routes('routes', 'secret');
  clock.advance(3_600_000);
  pushed.missing('default');
  assert.equal(pushed.manager.snapshot()[0]?.state, 'warming');
  pushed.missing('ROOTCA');
  await pushed.manager.settled();
  const own = authority.issue('URI:spiffe://td/caller');
  await assert.rejects(dial(pushed.port('a'), own));
  pushed.secret(rootSecret(authority.root));
  pushed.secret(keySecret(authority.issue('URI:spiffe://td/late')));
  const late = await dial(pushed.port('a'), own);
  assert.match(late.getPeerX509Certificate()?.subjectAltName ?? '', /late/);
  late.destroy();
});

test('routes that change while requests run: each request gets the old answer or the new one', async (context) => {
  const pushed = new Pushed(context);
  pushed.apply(listener('a'));
  pushed.routes('routes', 'v0');
  await pushed.manager.settled();
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  context.after(() => agent.destroy());
  const answers: string[] = [];
  const callers = Array.from({ length: 8 }, async () => {
    for (let index = 0; index < 50; index++) answers.push(await call(pushed.port('a'), agent));
  });
  for (let version = 1; version <= 20; version++) {
    pushed.routes('routes', `v${version}`);
    await new Promise(setImmediate);
  }
  await Promise.all(callers);
  assert.equal(answers.length, 400);
  assert.equal(
    answers.every((answer) => /^v\d+$/.test(answer)),
    true,
  );
  assert.equal(answers.at(-1), 'v20');
});

test('an update keeps the socket; connections of a changed chain are told to close, those of an unchanged one are not', async (context) => {
  const pushed = new Pushed(context);
  pushed.apply(listener('changes'), listener('stays'));
  pushed.routes('routes', 'one');
  await pushed.manager.settled();
  const port = pushed.port('changes');
  const clients = [port, pushed.port('stays')].map((each) => new RawClient(each));
  context.after(() => clients.forEach((client) => client.close()));
  for (const client of clients) await exchange(client, 1);
  pushed.apply(listener('changes', { manager: { server_name: 'new' } }), listener('stays'));
  pushed.routes('routes', 'two');
  await pushed.manager.settled();
  for (const client of clients) await exchange(client, 2);
  assert.equal(pushed.port('changes'), port);
  assert.deepEqual(
    clients.map((client) => client.text.includes('connection: close')),
    [true, false],
  );
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).headers.get('server'), 'new');
});

test('a connection that has no chain yet gets one of the listener as it is then; its own where more than chains changed', async (context) => {
  const pushed = new Pushed(context);
  const inspected = (name: string, more: Partial<Listener> = {}) => ({
    ...listener('inspects', { manager: { server_name: name } }),
    listenerFilters: fromJson(ListenerSchema, INSPECTS, { registry: xdsRegistry }).listenerFilters,
    ...more,
  });
  pushed.apply(inspected('first'));
  pushed.routes('routes', 'one');
  await pushed.manager.settled();
  const asking = async () => {
    const client = new RawClient(pushed.port('inspects'));
    context.after(() => client.close());
    client.send('GE');
    await pushed.statBecomes('listener.127.0.0.1_0.downstream_pre_cx_active', 1);
    return client;
  };
  const answered = async (client: RawClient) => {
    client.send('T / HTTP/1.1\r\nhost: a\r\n\r\n');
    return /server: (\w+)/.exec(await client.until((text) => /(one|two)$/.test(text)))?.[1];
  };
  const before = await asking();
  pushed.apply(inspected('second'));
  pushed.routes('routes', 'two');
  await pushed.manager.settled();
  assert.equal(await answered(before), 'second');
  const kept = await asking();
  pushed.apply(inspected('third', { continueOnListenerFiltersTimeout: true }));
  pushed.routes('routes', 'two');
  await pushed.manager.settled();
  assert.equal(await answered(kept), 'second');
  kept.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.match(await kept.untilEnd(), /connection: close/);
});

test('a listener that can not be honoured is refused by name, and the others are applied', async (context) => {
  const pushed = new Pushed(context);
  const unknown = fromJson(
    ListenerSchema,
    {
      name: 'bad',
      address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
      filter_chains: [
        {
          filters: [
            {
              name: 'x',
              typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
            },
          ],
        },
      ],
    },
    { registry: xdsRegistry },
  );
  const rejections = pushed.apply(unknown, create(ListenerSchema, { name: 'nowhere' }), listener('good'));
  assert.deepEqual(
    rejections.map(({ name, message }) => [name, message]),
    [
      ['bad', 'network filter x: unknown type envoy.extensions.filters.http.router.v3.Router'],
      ['nowhere', 'neither an IP address with a port nor a pipe'],
    ],
  );
  pushed.routes('routes', 'fine');
  await pushed.manager.settled();
  assert.equal(await ask(pushed.port('good')), 'fine');
  assert.deepEqual(
    pushed.manager.snapshot().map((each) => each.name),
    ['good'],
  );
});

test('a removed listener refuses new connections and lets go of its address for the next one', async (context) => {
  const pushed = new Pushed(context);
  pushed.apply(listener('a'));
  pushed.routes('routes', 'one');
  await pushed.manager.settled();
  const port = pushed.port('a');
  pushed.manager.update(new Map([['b', listener('b', { port })]]), ['a']);
  pushed.routes('routes', 'two');
  await pushed.manager.settled();
  assert.equal(await ask(port), 'two');
});

test('TLS waits for its secrets; a rotated key serves new connections and leaves old ones alone', async (context) => {
  const authority = testAuthority();
  context.after(() => authority.close());
  const pushed = new Pushed(context);
  pushed.apply(listener('a', { chain: { transport_socket: tlsSocket() } }));
  pushed.routes('routes', 'secret');
  assert.equal(pushed.manager.snapshot()[0]?.state, 'warming');
  pushed.secret(rootSecret(authority.root));
  pushed.secret(keySecret(authority.issue('URI:spiffe://td/first')));
  await pushed.manager.settled();
  const own = authority.issue('URI:spiffe://td/caller');
  const before = await dial(pushed.port('a'), own);
  assert.match(before.getPeerX509Certificate()?.subjectAltName ?? '', /first/);
  pushed.secret(keySecret(authority.issue('URI:spiffe://td/second')));
  assert.match(pushed.secret(keySecret({ certificate: 'broken', key: 'broken' }))[0] ?? '', /^secret default: /);
  const after = await dial(pushed.port('a'), own);
  assert.match(after.getPeerX509Certificate()?.subjectAltName ?? '', /second/);
  for (const socket of [before, after]) {
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    assert.match(bytes.toString(), /secret$/);
    socket.destroy();
  }
});

function tlsSocket(): object {
  const sds = (name: string) => ({ name, sds_config: { ads: {} } });
  return {
    name: 'tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      require_client_certificate: true,
      common_tls_context: {
        tls_certificate_sds_secret_configs: [sds('default')],
        combined_validation_context: {
          default_validation_context: {},
          validation_context_sds_secret_config: sds('ROOTCA'),
        },
      },
    },
  };
}

function keySecret(pair: { readonly certificate: string; readonly key: string }): Secret {
  const certificate = {
    certificate_chain: { inline_string: pair.certificate },
    private_key: { inline_string: pair.key },
  };
  return fromJson(SecretSchema, { name: 'default', tls_certificate: certificate });
}

function rootSecret(root: string): Secret {
  return fromJson(SecretSchema, {
    name: 'ROOTCA',
    validation_context: { trusted_ca: { inline_string: root } },
  });
}

async function dial(port: number, pair: { readonly certificate: string; readonly key: string }): Promise<TLSSocket> {
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    cert: pair.certificate,
    key: pair.key,
    rejectUnauthorized: false,
  });
  await once(socket, 'secureConnect');
  return socket;
}

async function exchange(client: RawClient, answers: number): Promise<void> {
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.until((text) => text.split('HTTP/1.1 200').length === answers + 1 && /(one|two)$/.test(text));
}

function call(port: number, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', agent }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve(body));
    });
    sent.on('error', reject);
    sent.end();
  });
}
