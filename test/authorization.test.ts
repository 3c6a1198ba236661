// Who may call whom: AuthorizationPolicies through a whole mesh, judged by what reaches the application.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { parseSocketAddress } from '@meltemi/base';
import { meshApp } from './support/mesh-app.ts';
import {
  type Answer,
  eventually as retried,
  httpGet,
  type MeshUnderTest,
  root,
  startMesh,
} from './support/mesh-under-test.ts';

const envoy = process.env['MELTEMI_ENVOY'];
const DENIED = { status: 403, body: 'RBAC: access denied' };

let mesh: MeshUnderTest;

/** A busy machine takes its time until a policy is at every sidecar. */
const eventually = (check: () => Promise<unknown>) => retried(check, 30_000);

describe('with our sidecars', () => letsIn([]));
describe('with Envoy as every sidecar', { skip: envoy ? false : 'MELTEMI_ENVOY names no Envoy' }, () =>
  letsIn(['--proxy', envoy!]),
);

function letsIn(flags: readonly string[]): void {
  before(async () => {
    mesh = await startMesh({ flags, workloads: workloads() });
    await eventually(async () => assert.equal((await call('productpage', '/ready')).status, 200));
    await eventually(async () => assert.equal((await call('reviews', '/ready')).status, 200));
    await eventually(async () => assert.equal(await greeting(), 'ledger'));
  });
  after(() => mesh.close());

  test('DENY names a principal: that caller alone is refused', async () => {
    await using _ = await policy('no-reviews', { action: 'DENY', rules: [{ from: [principal('reviews')] }] });
    await denied(() => call('reviews', '/probe'));
    assert.deepEqual(await call('reviews', '/details/denied'), DENIED);
    assert.deepEqual(await call('productpage', '/details/allowed'), { status: 200, body: 'GET /details/allowed' });
    assert.deepEqual(await arrived('denied'), []);
    assert.deepEqual(await arrived('allowed'), ['GET /details/allowed']);
  });

  test('ALLOW lets in whom it names, for what it names', async () => {
    await using _ = await policy('viewer', {
      rules: [
        {
          from: [principal('productpage')],
          to: [{ operation: { methods: ['GET'], paths: ['/details/*'], ports: ['9080'] } }],
        },
      ],
    });
    await denied(() => call('reviews', '/probe'));
    assert.deepEqual(await call('reviews', '/details/1'), DENIED);
    assert.equal((await call('productpage', '/details/2')).status, 200);
    assert.deepEqual(await call('productpage', '/details/3', 'DELETE'), DENIED);
    assert.deepEqual(await call('productpage', '/admin/4'), DENIED);
    assert.deepEqual(await arrived('/[134]$'), []);
  });

  test('a path has one meaning, however it is written', async () => {
    const rules = [{ to: [{ operation: { paths: ['/secret', '/secret/*'] } }] }];
    await using _ = await policy('no-secrets', { action: 'DENY', rules });
    await denied(() => call('productpage', '/secret/probe'));
    const written = ['/secret', '/x/../secret', '/%73ecret', '/./secret/', '/secret?a=b', '/secret/a'];
    for (const path of written) {
      assert.deepEqual(await call('productpage', path), DENIED, path);
    }
    // Slashes are not merged, as in Istio where the mesh doesn't ask for it: the application gets another path, too.
    assert.equal((await call('productpage', '//secret')).body, 'GET //secret');
    assert.deepEqual(await arrived('^[A-Z]+ /secret(?!/probe)'), []);
  });

  test('a policy without rules lets nobody in; when it goes, all may call again', async () => {
    {
      await using _ = await policy('nobody', {});
      await denied(() => call('productpage', '/probe'));
      assert.deepEqual(await call('productpage', '/nobody'), DENIED);
      assert.deepEqual(await arrived('nobody'), []);
      assert.match(await stats('rbac'), /^http\.inbound_0\.0\.0\.0_9080\.rbac\.denied: [1-9]/m);
    }
    await eventually(async () => assert.equal((await call('productpage', '/again')).status, 200));
  });

  test('a dry run refuses nobody, and counts whom it would', async () => {
    await using _ = await policy('dry', { action: 'DENY', rules: [{}, EVERYTHING] }, { 'istio.io/dry-run': 'true' });
    await eventually(async () => {
      assert.equal((await call('productpage', '/dry')).status, 200);
      assert.doesNotMatch(await stats('update_rejected'), /: [1-9]/);
      assert.match(await stats('rbac'), /rbac\.istio_dry_run_deny_\.shadow_denied: [1-9]/);
    });
  });

  test('a connection of bytes is refused before the application hears of it', async () => {
    {
      const rules = [{ from: [principal('relay')], to: [{ operation: { ports: ['9000'] } }] }];
      await using _ = await policy('no-relay', { action: 'DENY', rules }, {}, 'ledger');
      await eventually(async () => assert.equal(await answerTo('hello'), ''));
      assert.match(await stats('rbac', 'ledger'), /^tcp\.rbac\.denied: [1-9]/m);
    }
    await eventually(async () => assert.equal(await greeting(), 'ledger'));
  });
}

/** A rule that asks every attribute there is. */
const EVERYTHING = {
  from: [
    { source: { principals: ['*', '*/sa/b', 'cluster.local/*'], requestPrincipals: ['*', 'issuer/subject'] } },
    { source: { serviceAccounts: ['a', 'b/c'], ipBlocks: ['10.0.0.0/8', '::1'] } },
    { source: { notNamespaces: ['a*'], notRemoteIpBlocks: ['10.0.0.1'], trustDomains: ['a', '*'] } },
  ],
  to: [{ operation: { hosts: ['*.a'], methods: ['GET'], paths: ['/a/{*}/b/{**}', '*'], notPorts: ['1'] } }],
  when: [
    { key: 'request.headers[x]', values: ['*', 'a*'], notValues: ['b'] },
    { key: 'request.auth.claims[a][b]', values: ['c', 'd'] },
    { key: 'destination.ip', values: ['10.0.0.0/8'] },
    { key: 'connection.sni', values: ['a.b'] },
    { key: 'experimental.envoy.filters.a.b[c]', values: ['[d]'] },
  ],
};

const principal = (app: string) => ({ source: { principals: [`cluster.local/ns/default/sa/${app}`] } });

/** Waits for the policy to hold. */
async function denied(attempt: () => Promise<unknown>): Promise<void> {
  await eventually(async () => assert.deepEqual(await attempt(), DENIED));
}

/** A request as the application of `caller` would send it to details, by its sidecar; the path goes as it is written. */
async function call(caller: string, path: string, method = 'GET'): Promise<Pick<Answer, 'status' | 'body'>> {
  const { host, port } = parseSocketAddress((await sidecarOf(caller)).httpProxy)!;
  const sent = request({ host, port, path, method, headers: { host: 'details:9080' }, agent: false, timeout: 10_000 });
  sent.end();
  const [response] = await once(sent, 'response');
  return { status: response.statusCode, body: await text(response) };
}

/** Sends bytes through the gateway and the relay to the ledger, which repeats them after its name. */
async function answerTo(bytes: string): Promise<string> {
  const { ports } = (await mesh.status()).ingress;
  const socket = connect({ ...parseSocketAddress(ports['9001']!)!, allowHalfOpen: true });
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString())).on('error', () => {});
  socket.end(bytes);
  await new Promise<void>((resolve) => socket.once('end', resolve).once('close', () => resolve()));
  socket.destroy();
  return heard;
}

async function greeting(): Promise<string> {
  return (await answerTo('')).trim();
}

const sidecars = new Map<string, Awaited<ReturnType<MeshUnderTest['workload']>>['sidecar']>();

async function sidecarOf(workload: string) {
  const key = `${mesh.directory} ${workload}`;
  const known = sidecars.get(key) ?? (await mesh.workload(workload)).sidecar;
  sidecars.set(key, known);
  return known;
}

/** What the application wrote down. */
async function arrived(pattern: string): Promise<readonly string[]> {
  const log = readFileSync(join(mesh.directory, '.mesh/logs/details.app.log'), 'utf8');
  return log.split('\n').filter((line) => new RegExp(pattern).test(line));
}

async function stats(filter: string, workload = 'details'): Promise<string> {
  const { body } = await httpGet(`http://${(await sidecarOf(workload)).admin}/stats?filter=${filter}`);
  return body;
}

/** A policy for details, or another, for a while. */
async function policy(
  name: string,
  spec: object,
  annotations: Record<string, string> = {},
  app = 'details',
): Promise<AsyncDisposable> {
  const file = join(tmpdir(), `${process.pid}-${name}.yaml`);
  const selected = { selector: { matchLabels: { app } }, ...spec };
  writeFileSync(
    file,
    `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ${name}, annotations: ${JSON.stringify(annotations)}}
spec: ${JSON.stringify(selected)}
`,
  );
  const created = await mesh.istioctl('create', '-f', file);
  assert.equal(created.code, 0, created.stderr);
  return {
    async [Symbol.asyncDispose]() {
      const deleted = await mesh.istioctl('delete', '-f', file);
      rmSync(file);
      assert.equal(deleted.code, 0, deleted.stderr);
    },
  };
}

function workloads(): string {
  const recorder = ['node', join(root, 'test/support/recording-app.ts')];
  const bytes = ['node', join(root, 'test/support/bytes-app.ts')];
  return [
    ...['details', 'productpage', 'reviews'].map((name) => meshApp({ name, command: recorder, port: 9080 })),
    meshApp({ name: 'ledger', command: [...bytes, 'echo', 'ledger'], port: 9000, portName: 'tcp' }),
    meshApp({ name: 'relay', command: [...bytes, 'relay', 'LEDGER'], port: 9001, portName: 'tcp-in' }),
    // A connection outlives the policies that it began under, until it is drained: here each has one request.
    `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: details}
spec:
  host: details
  trafficPolicy: {connectionPool: {http: {maxRequestsPerConnection: 1}}}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: bytes}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 9001, name: tcp, protocol: TCP}, hosts: ['*']}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: relay}
spec:
  hosts: ['*']
  gateways: [bytes]
  tcp: [{route: [{destination: {host: relay}}]}]
`,
  ].join('---\n');
}
