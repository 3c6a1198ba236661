// The command line of mixs, and the program with it.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';

import { mixsCommand } from './command-line.ts';

const PROGRAM = join(import.meta.dirname, '../../../../bin/mixs.ts');

const POLICY = `
apiVersion: config.istio.io/v1alpha2
kind: denier
metadata: {name: no, namespace: istio-system}
spec: {status: {code: 7, message: closed}}
---
apiVersion: config.istio.io/v1alpha2
kind: checknothing
metadata: {name: all, namespace: istio-system}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: deny, namespace: istio-system}
spec: {actions: [{handler: no.denier, instances: [all.checknothing]}]}
`;

test('the flags are the original ones', () => {
  const all = { host: '0.0.0.0' };
  assert.deepEqual(mixsCommand(['server', '--configStoreURL=fs:///etc/opt/mixer']), {
    configDirs: ['/etc/opt/mixer'],
    configNamespace: 'istio-system',
    address: { ...all, port: 9091 },
    monitoring: { ...all, port: 9093 },
    prometheus: { ...all, port: 42422 },
    configApi: { host: '127.0.0.1', port: 9094 },
    rateLimits: { directory: undefined, redis: undefined },
    logLevel: 'info',
  });
  const args = ['server', '--configDir', 'a', '--configDir', 'b', '--address', 'unix:///tmp/m', '--log_output_level'];
  const { configDirs, address, logLevel } = mixsCommand([...args, 'default:debug']);
  assert.deepEqual([configDirs, address, logLevel], [['a', 'b'], { path: '/tmp/m' }, 'debug']);
});

test('flags that make no sense are refused with a reason', () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /say what to run/],
    [['server'], /say where the configuration is/],
    [['server', '--configDri', 'a'], /unknown flag --configDri; did you mean --configDir\?/],
    [['server', '--configStoreURL', 'k8s://'], /is not fs:\/\/DIR/],
    [['server', '--configDir', 'a', '--port', '70000'], /"70000" is not a port/],
    [['server', '--configDir', 'a', '--address', 'x'], /neither tcp/],
  ];
  for (const [args, message] of wrong) assert.throws(() => mixsCommand(args), { code: 'COMMAND_LINE', message });
});

test('mixs serves what mixc asks, and ends when it is told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mixs-program-'));
  writeFileSync(join(folder, 'policy.yaml'), POLICY);
  const ports = ['--port', '0', '--configAPIPort', '0', '--monitoringPort', '0', '--prometheusPort', '0'];
  const mixs = spawn(process.execPath, [PROGRAM, 'server', '--configDir', folder, ...ports], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [{ port }] = (await once(mixs, 'message')) as [{ readonly port: number }];
  const mixc = [PROGRAM.replace('mixs.ts', 'mixc.ts'), 'check', '-m', `127.0.0.1:${port}`];
  const { stdout } = await promisify(execFile)(process.execPath, mixc);
  assert.equal(
    stdout,
    `Check RPC completed successfully. Check status was PERMISSION_DENIED (no.denier.istio-system:closed)
  Valid use count: 1000, valid duration: 5s
  Referenced Attributes
`,
  );
  mixs.kill('SIGTERM');
  assert.deepEqual(await once(mixs, 'exit'), [0, null]);
  rmSync(folder, { recursive: true });
});
