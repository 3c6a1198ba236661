import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { ManualClock } from '@meltemi/base';

import { istioctl } from './istioctl.ts';

const SERVICE = 'kind: Service # of hello\napiVersion: v1\nmetadata: {name: hello}\n';
const POD =
  'apiVersion: v1\nkind: Pod\nmetadata:\n  name: hello\nspec:\n  containers:\n  - name: hello\n    image: hello\n';

function shell(context: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'kube-inject-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const path = (name: string): string => join(directory, name);
  const run = async (stdin: string, ...args: readonly string[]) => {
    let [out, error] = ['', ''];
    const code = await istioctl(['kube-inject', ...args], {
      out: (text) => void (out += text),
      error: (text) => void (error += text),
      readStdin: () => Promise.resolve(stdin),
      clock: new ManualClock(0),
      configDir: directory,
      version: '1.2.3',
    });
    return { code, out, error };
  };
  return { run, path };
}

test('standard input gets a sidecar with the defaults of Istio 0.2', async (context) => {
  const { run } = shell(context);
  const { code, out, error } = await run(`${SERVICE}---\n${POD}`, '-f', '-');
  assert.deepEqual([code, error], [0, '']);
  assert.ok(out.startsWith(`${SERVICE}---\n`), out);
  for (const part of ['docker.io/istio/proxy_debug:1.2.3', 'enable-core-dump', 'injected-version-1.2.3']) {
    assert.ok(out.includes(part), `${part} is missing in ${out}`);
  }
});

test('flags of all versions change what is injected, and -o names the file', async (context) => {
  const { run, path } = shell(context);
  writeFileSync(path('pod.yaml'), POD);
  writeFileSync(path('mesh.yaml'), 'defaultConfig: {discoveryAddress: "pilot:15003", drainDuration: 61s}\n');
  const flags =
    '--hub my.org --tag t --verbosity 0 --sidecarProxyUID 7 --setVersionString v --coreDump=false --debug=false --imagePullPolicy Always --meshConfig other --includeIPRanges 10.0.0.0/8 --includeInboundPorts *';
  const { code, out } = await run(
    '',
    '-f',
    path('pod.yaml'),
    '-o',
    path('out.yaml'),
    '--meshConfigFile',
    path('mesh.yaml'),
    ...flags.split(' '),
  );
  assert.deepEqual([code, out], [0, '']);
  const written = readFileSync(path('out.yaml'), 'utf8');
  for (const part of [
    'my.org/proxy:t',
    'my.org/proxy_init:t',
    'pilot:15003',
    '1m1s',
    'injected-version-v',
    'runAsUser: 7',
  ]) {
    assert.ok(written.includes(part), `${part} is missing in ${written}`);
  }
  assert.match(written, /- -i\n\s+- 10\.0\.0\.0\/8\n\s+- -b\n\s+- "\*"\n/);
  assert.match(written, /configMap:\n\s+name: other\n/);
  assert.doesNotMatch(written, /- -v\n|enable-core-dump/);
});

test('nothing is written for a text that is not YAML, wrong flags, or a missing file', async (context) => {
  const { run } = shell(context);
  const broken = await run('kind: Service\n---\na: [\n', '-f', '-');
  assert.deepEqual([broken.code, broken.out], [1, '']);
  assert.match(broken.error, /<stdin>:4/);
  assert.deepEqual((await run('')).code, 64);
  assert.deepEqual((await run(POD, '-f', '-', '--imagePullPolicy', 'Sometimes')).code, 64);
  assert.deepEqual((await run(POD, '-f', '-', '--debug=perhaps')).code, 64);
  assert.match((await run('', '-f', '/nowhere.yaml')).error, /no such file/);
  assert.deepEqual((await run(POD, '-f', '-', '--meshConfigFile', '/nowhere.yaml')).out, '');
});
