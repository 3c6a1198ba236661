// gRPC through a whole mesh: interop client → its sidecar → mutual TLS → sidecar → interop server.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { GRPC_CASES } from '@meltemi/testkit';
import { meshApp } from './support/mesh-app.ts';
import { eventually, httpGet, type MeshUnderTest, root, startMesh } from './support/mesh-under-test.ts';

const envoy = process.env['MELTEMI_ENVOY'];
const client = process.env['MELTEMI_GRPC_INTEROP_CLIENT'];
const server = process.env['MELTEMI_GRPC_INTEROP_SERVER'];
const withoutInterop = client && server ? false : 'MELTEMI_GRPC_INTEROP_CLIENT/SERVER name no programs';

let mesh: MeshUnderTest;

describe('with our sidecars', { skip: withoutInterop }, () => carriesGrpc([]));
describe(
  'with Envoy as every sidecar',
  { skip: withoutInterop || (envoy ? false : 'MELTEMI_ENVOY names no Envoy') },
  () => carriesGrpc(['--proxy', envoy!]),
);

function carriesGrpc(flags: readonly string[]): void {
  before(async () => {
    mesh = await startMesh({ flags, workloads: workloads() });
    await eventually(async () => assert.equal((await mesh.get('/empty_unary')).body, 'passed'), 30_000);
  });
  after(() => mesh.close());

  for (const name of GRPC_CASES) {
    test(`interop case ${name}`, async () => assert.equal((await mesh.get(`/${name}`)).body, 'passed'));
  }

  test('both sidecars speak HTTP/2 to their upstreams', async () => {
    for (const name of ['caller', 'interop']) {
      const { admin } = (await mesh.workload(name)).sidecar;
      const { body } = await httpGet(`http://${admin}/stats?filter=upstream_cx_http2_total`);
      assert.match(body, /(?:8079|inbound)[^\n]*upstream_cx_http2_total: [1-9]/, `${name}: ${body}`);
    }
  });
}

function workloads(): string {
  return [
    meshApp({ name: 'interop', command: ['sh', '-c', `exec ${server} --port=$PORT`], port: 8079, portName: 'grpc' }),
    meshApp({ name: 'caller', command: ['node', `${root}/test/support/grpc-caller.ts`, client!], port: 9080 }),
    `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: caller}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: caller}
spec:
  hosts: ['*']
  gateways: [caller]
  http: [{route: [{destination: {host: caller}}]}]
`,
  ].join('---\n');
}
