// gRPC through a whole mesh: interop client → its sidecar → mutual TLS → sidecar → interop server.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { GRPC_CASES } from '@meltemi/testkit';
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
  const service = (name: string, portName: string, port: number) => `apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec:
  ports: [{name: ${portName}, port: ${port}}]
  selector: {app: ${name}}
`;
  const deployment = (name: string, command: readonly string[], port: number) => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
      - name: app
        command: ${JSON.stringify(command)}
        ports: [{containerPort: ${port}}]
`;
  return [
    service('interop', 'grpc', 8079),
    deployment('interop', ['sh', '-c', `exec ${server} --port=$PORT`], 8079),
    service('caller', 'http', 9080),
    deployment('caller', ['node', `${root}/test/support/grpc-caller.ts`, client!], 9080),
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
