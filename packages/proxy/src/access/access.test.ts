import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { RBACSchema as NetworkRbacSchema } from '@meltemi/api/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import { createLogger } from '@meltemi/base';
import { compileNetworkAccess } from '@meltemi/decide';
import { StatsStore } from '@meltemi/telemetry';
import { cluster, type ProxySetup, RawClient, startProxy, startServer } from '../proxy-under-test.ts';
import { AccessGate } from './access-gate.ts';

const HTTP_RBAC = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';
const NETWORK_RBAC = 'type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC';
const ANY = { any: true };

function policies(permission: object, principal: object = ANY): object {
  return { 'ns[a]-policy[b]-rule[0]': { permissions: [permission], principals: [principal] } };
}

function filter(fields: object): object {
  return { name: 'envoy.filters.http.rbac', typed_config: { '@type': HTTP_RBAC, ...fields } };
}

interface Under {
  readonly port: number;
  /** The requests that arrived. */
  readonly seen: readonly string[];
}

/** A proxy with access rules before an application. */
async function guarded(context: TestContext, filters: readonly object[], manager: object = {}): Promise<Under> {
  const seen: string[] = [];
  const app = await startServer((request, response) => {
    seen.push(request.url!);
    response.end('welcome');
  });
  context.after(() => app.close());
  const under = await startProxy({ ports: [app.port], filters, manager });
  context.after(() => under.close());
  return { port: under.port, seen };
}

async function ask(context: TestContext, port: number, target: string, more = ''): Promise<string> {
  const client = new RawClient(port);
  context.after(() => client.close());
  client.send(`GET ${target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${more}\r\n`);
  return client.untilEnd();
}

const statusOf = (text: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);

test('a denied request is answered in Envoy’s words and never sent on', async (context) => {
  const rules = { action: 'DENY', policies: policies({ url_path: { path: { prefix: '/admin' } } }) };
  const { port, seen } = await guarded(context, [filter({ rules })]);
  const denied = await ask(context, port, '/admin');
  assert.match(denied, /^HTTP\/1\.1 403 Forbidden\r\n/);
  assert.match(denied, /\r\n\r\nRBAC: access denied$/);
  assert.equal(statusOf(await ask(context, port, '/')), 200);
  assert.deepEqual(seen, ['/']);
});

test('the path that is judged is the path that is sent on', async (context) => {
  const rules = { action: 'DENY', policies: policies({ url_path: { path: { exact: '/admin' } } }) };
  const spellings = [
    '/admin',
    '//admin',
    '/x/../admin',
    '/%2fadmin',
    '/%61dmin',
    '\\admin',
    '/./admin',
    '/a/.;p=1/../admin',
  ];
  for (const normal of [{}, { normalize_path: true }, { normalize_path: true, merge_slashes: true }]) {
    const { port, seen } = await guarded(context, [filter({ rules })], normal);
    for (const spelling of spellings) await ask(context, port, spelling);
    assert.equal(seen.includes('/admin'), false, JSON.stringify(normal));
    assert.equal(statusOf(await ask(context, port, '/admin?a#b')), 403);
  }
});

test('filters judge one after the other, and all values of a header', async (context) => {
  const header = { header: { name: 'x-role', string_match: { exact: 'evil' } } };
  const { port, seen } = await guarded(context, [
    filter({ rules: { action: 'DENY', policies: policies(header) } }),
    filter({ rules: { policies: policies({ url_path: { path: { exact: '/a' } } }) } }),
  ]);
  assert.equal(statusOf(await ask(context, port, '/a', 'x-role: good\r\nx-role: evil\r\n')), 403);
  assert.equal(statusOf(await ask(context, port, '/a', 'x-role: good\r\n')), 200);
  assert.equal(statusOf(await ask(context, port, '/b')), 403);
  assert.deepEqual(seen, ['/a']);
});

test('rules that are only counted refuse nobody', async (context) => {
  const shadow_rules = { action: 'DENY', policies: policies(ANY) };
  const { port } = await guarded(context, [filter({ rules: { policies: policies(ANY) }, shadow_rules })]);
  assert.equal(statusOf(await ask(context, port, '/')), 200);
});

test('verdicts are counted under Envoy’s names, the reason for a denial is logged', () => {
  const stats = new StatsStore();
  const lines: string[] = [];
  const logger = createLogger({ level: 'debug', write: (line) => lines.push(line), now: () => 0 });
  const shadowRules = { action: 'DENY', policies: policies(ANY) };
  const rules = { policies: policies({ destinationPort: 9080 }) };
  const fields = { rules, shadowRules, shadowRulesStatPrefix: 'dry_', statPrefix: 'tcp.' };
  const config = fromJson(NetworkRbacSchema, fields as unknown as JsonValue);
  const gate = new AccessGate([compileNetworkAccess(config)], ({ statOwner }) => stats.scope(statOwner), logger);
  const connection = { local: { host: '', port: 1 }, remote: { host: '', port: 1 }, serverName: '', peer: undefined };
  assert.deepEqual(gate.deny({ connection, request: undefined }), {
    details: 'rbac_access_denied_matched_policy[none]',
    because: 'ns[a]-policy[b]-rule[0] is nearest, it wants destination port 9080',
  });
  assert.deepEqual(
    stats.list().map((stat) => `${stat.name.text}: ${stat.kind === 'counter' ? stat.cell.value : ''}`),
    ['tcp.rbac.allowed: 0', 'tcp.rbac.denied: 1', 'tcp.rbac.dry_.shadow_allowed: 0', 'tcp.rbac.dry_.shadow_denied: 1'],
  );
  assert.match(lines.join(''), /ns\[a\]-policy\[b\]-rule\[0\] is nearest, it wants destination port 9080/);
  gate.close();
  assert.deepEqual(stats.list(), []);
});

test('the answer to a preflight is not given before access rules were asked', async (context) => {
  const cors = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors' };
  const { port } = await guarded(context, [
    { name: 'envoy.filters.http.cors', typed_config: cors },
    filter({ rules: { action: 'DENY', policies: policies(ANY) } }),
  ]);
  assert.equal(statusOf(await ask(context, port, '/')), 403);
});

test('rules that cannot be judged keep the listener from opening', async () => {
  const rules = { policies: policies({ matcher: { name: 'x', typed_config: { '@type': HTTP_RBAC } } }) };
  await assert.rejects(startProxy({ filters: [filter({ rules })] }), /policy "ns\[a\]-policy\[b\]-rule\[0\]"/);
});

test('a connection of bytes is refused before the server is dialled', async (context) => {
  let dialled = 0;
  const server = createServer((socket) => {
    dialled++;
    socket.on('error', () => {});
    socket.write('hello');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  const { port } = server.address() as { port: number };
  const heard = async (action: string) => {
    const under = await startProxy({ ports: [], moreClusters: [cluster('bytes', [port])], ...tcpSetup(action) });
    context.after(() => under.close());
    const socket = connect(under.port, '127.0.0.1');
    context.after(() => socket.destroy());
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString())).on('error', () => {});
    await Promise.race([once(socket, 'data'), once(socket, 'close')]);
    return text;
  };
  assert.equal(await heard('DENY'), '');
  assert.equal(dialled, 0);
  assert.equal(await heard('ALLOW'), 'hello');
});

function tcpSetup(action: string): Partial<ProxySetup> {
  const rules = {
    action,
    policies: policies(ANY, { direct_remote_ip: { address_prefix: '127.0.0.0', prefix_len: 8 } }),
  };
  const access = {
    name: 'envoy.filters.network.rbac',
    typed_config: { '@type': NETWORK_RBAC, stat_prefix: 'tcp.', rules },
  };
  const proxy = {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
      stat_prefix: 'test',
      cluster: 'bytes',
    },
  };
  return { chain: { filters: [access, proxy] } };
}
