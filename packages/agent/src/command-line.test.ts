import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentCommand, CommandLineError } from './command-line.ts';
import { proxyCommand } from './proxy-command.ts';

test('flags win over the environment, the environment over defaults', () => {
  const environment = {
    POD_NAME: 'reviews-1',
    POD_NAMESPACE: 'books',
    SERVICE_ACCOUNT: 'other',
    ISTIO_METAJSON_LABELS: '{"app":"reviews","version":"v1"}',
    ISTIO_META_INTERCEPTION_MODE: 'REDIRECT',
    ISTIO_METAJSON_LIMITS: '{"streams":3}',
  };
  const command = agentCommand(
    ['proxy', 'router', '--serviceAccount', 'reviews', '--drainDuration', '1m', '--tokenFile', '/run/token'],
    environment,
    '/work',
  );
  assert.deepEqual(command, {
    workload: {
      role: 'router',
      podName: 'reviews-1',
      podNamespace: 'books',
      labels: { app: 'reviews', version: 'v1' },
      serviceAccount: 'reviews',
      ip: '127.0.0.1',
      domain: 'books.svc.cluster.local',
      serviceCluster: 'reviews.books',
      clusterId: 'Kubernetes',
      delta: true,
      metadata: { INTERCEPTION_MODE: 'REDIRECT', LIMITS: { streams: 3 } },
    },
    discoveryAddress: { host: 'istiod.istio-system.svc', port: 15012 },
    discoveryName: 'istiod.istio-system.svc',
    discoveryRoots: '/work/var/run/secrets/istio/root-cert.pem',
    tokenFile: '/run/token',
    trustDomain: 'cluster.local',
    secretTtlMs: 0,
    configPath: '/work/etc/istio/proxy',
    adminPort: 15000,
    concurrency: 2,
    drainDurationMs: 60_000,
    proxyLogLevel: 'warning',
    binaryPath: undefined,
    logLevel: 'info',
  });
});

test('metadata that is no JSON is refused', () => {
  assert.throws(() => agentCommand(['proxy', '--podName', 'a'], { ISTIO_METAJSON_X: '{' }, '/'), CommandLineError);
});

test('labels are JSON or pairs', () => {
  const labels = (text: string) => agentCommand(['proxy', '--podName', 'a', '--labels', text], {}, '/').workload.labels;
  assert.deepEqual(labels('app=a,version=v=1'), { app: 'a', version: 'v=1' });
  assert.deepEqual(labels('{"app":"a"}'), { app: 'a' });
});

for (const args of [
  [],
  ['serve'],
  ['proxy', 'sidecar'],
  ['proxy', 'car', '--podName', 'a'],
  ['proxy', 'sidecar', 'more', '--podName', 'a'],
  ['proxy', '--podName', 'a', '--unknown'],
  ['proxy', '--podName', 'a', '--discoveryAddress', 'x'],
  ['proxy', '--podName', 'a', '--proxyAdminPort', '70000'],
  ['proxy', '--podName', 'a', '--drainDuration', 'soon'],
  ['proxy', '--podName', 'a', '--labels', '{"app":1}'],
  ['proxy', '--podName', 'a', '--labels', 'app'],
]) {
  test(`refuses: ${args.join(' ')}`, () => assert.throws(() => agentCommand(args, {}, '/'), CommandLineError));
}

test('a script runs in our Node with a channel; a binary is guarded where the machine can', () => {
  const machine = { node: '/bin/node', ownProxy: '/mesh/bin/proxy.ts', setpriv: '/bin/setpriv' };
  assert.deepEqual(proxyCommand(undefined, machine), {
    proxyCommand: ['/bin/node', '--max-semi-space-size=4', '/mesh/bin/proxy.ts'],
    proxyTakesIpc: true,
  });
  assert.deepEqual(proxyCommand('/bin/envoy', machine), {
    proxyCommand: ['/bin/setpriv', '--pdeathsig', 'TERM', '/bin/envoy'],
    proxyTakesIpc: false,
  });
  assert.deepEqual(proxyCommand('envoy', { ...machine, setpriv: undefined }), {
    proxyCommand: ['envoy'],
    proxyTakesIpc: false,
  });
});
