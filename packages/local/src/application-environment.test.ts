import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applicationCommand } from './application-environment.ts';
import type { Workload } from './workload.ts';

const placement = {
  inbound: { 9080: { listen: '127.0.0.1:20011', app: '127.0.0.1:20012' } },
  outbound: { 'reviews.default.svc.cluster.local:9080': '127.0.0.1:20013' },
  httpProxy: '127.0.0.1:20014',
};
const services = [
  { name: 'reviews', namespace: 'default', host: 'reviews.default.svc.cluster.local', port: 9080, portName: 'http' },
];

test("sets Kubernetes' variables, and expands $(NAME) in the command", () => {
  const { argv, env } = applicationCommand(
    workload(['node', '$(MESH_ROOT)/app.ts', '$(PORT)', '$$(PORT)', '$(UNKNOWN)']),
    placement,
    services,
    { inherited: { PATH: '/bin' }, root: '/srv' },
  );
  assert.deepEqual(argv, ['node', '/srv/app.ts', '20012', '$(PORT)', '$(UNKNOWN)']);
  assert.deepEqual(env, {
    PATH: '/bin',
    MESH_ROOT: '/srv',
    GREETING: 'on 20012',
    POD_NAME: 'web-1',
    POD_NAMESPACE: 'default',
    POD_IP: '127.0.0.1',
    HOST: '127.0.0.1',
    PORT: '20012',
    PORT_9080: '20012',
    REVIEWS_SERVICE_HOST: '127.0.0.1',
    REVIEWS_SERVICE_PORT: '20013',
    REVIEWS_SERVICE_PORT_HTTP: '20013',
    HTTP_PROXY: 'http://127.0.0.1:20014',
    http_proxy: 'http://127.0.0.1:20014',
    NO_PROXY: '127.0.0.1',
    no_proxy: '127.0.0.1',
  });
});

test("the mesh's variables win over the container's", () => {
  const { env } = applicationCommand(workload(['app']), placement, services, { inherited: {}, root: '/srv' });
  assert.equal(env['PORT'], '20012');
  assert.equal(env['MESH_ROOT'], '/srv');
});

function workload(command: readonly string[]): Workload {
  return {
    name: 'web',
    podName: 'web-1',
    namespace: 'default',
    labels: {},
    annotations: {},
    serviceAccount: 'default',
    service: 'web',
    version: '',
    container: {
      name: 'web',
      command,
      env: [
        { name: 'MESH_ROOT', value: '/opt/meltemi' },
        { name: 'PORT', value: '9080' },
        { name: 'GREETING', value: 'on $(PORT)' },
      ],
    },
    sourceFile: '/tmp/web.yaml',
  };
}
