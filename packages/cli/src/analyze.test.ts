import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { ManualClock } from '@meltemi/base';

import { istioctl } from './istioctl.ts';

const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata: {name: reviews}\nspec: {ports: [{name: http, port: 80}]}\n';
const rule = (host: string, subset = ''): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${host}}
spec:
  hosts: [${host}]
  http: [{route: [{destination: {host: ${host}${subset}}}]}]
`;

function mesh(context: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'analyze-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const configDir = join(directory, 'config');
  mkdirSync(configDir);
  writeFileSync(join(configDir, 'reviews.yaml'), SERVICE);
  const file = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const run = async (...args: readonly string[]) => {
    let [out, error] = ['', ''];
    const code = await istioctl(['analyze', ...args], {
      out: (text) => void (out += text),
      error: (text) => void (error += text),
      readStdin: () => Promise.resolve(''),
      clock: new ManualClock(),
      configDir,
      version: '1.2.3',
    });
    return { code, out: out.replaceAll(`${directory}/`, ''), error };
  };
  return { run, file, configDir };
}

test('files are looked at together with what the mesh has', async (context) => {
  const { run, file } = mesh(context);
  const good = file('good.yaml', rule('reviews'));
  assert.deepEqual(await run(good), {
    code: 0,
    out: '',
    error: '✔ No validation issues found when analyzing namespace: default.\n',
  });
  const alone = await run('--use-kube=false', good);
  assert.deepEqual([alone.code, alone.error], [79, 'Error: issues were found when analyzing namespace: default\n']);
  assert.match(alone.out, /^Error \[IST0101\] \(VirtualService reviews\.default good\.yaml:6\) the host "reviews"/);
  assert.equal(alone.out.split('\n').length, 2);
});

test('mistakes of form have the code of Istio, and objects of other namespaces are passed over', async (context) => {
  const { run, file, configDir } = mesh(context);
  const bad = rule('reviews').replace('hosts', 'hots');
  writeFileSync(join(configDir, 'bad.yaml'), bad);
  const { code, out } = await run();
  assert.equal(code, 79);
  assert.match(
    out,
    /^Error \[IST0106\] \(VirtualService reviews\.default config\/bad\.yaml:5\) Schema validation error: /,
  );
  assert.equal((await run('-n', 'other')).code, 0);
  rmSync(join(configDir, 'bad.yaml'));
  const foreign = file('foreign.yaml', rule('reviews').replace('{name: reviews}', '{name: reviews, namespace: x}'));
  assert.deepEqual([(await run(foreign)).code, (await run('-A', foreign)).code], [0, 79]);
});

test('messages are data too, and the threshold decides what fails', async (context) => {
  const { run, file } = mesh(context);
  const plugin =
    'apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: all}\nspec: {url: "oci://a/b"}\n';
  const given = file('plugin.yaml', plugin);
  const { code, out } = await run('-o', 'json', given);
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(out), [
    {
      code: 'MEL0015',
      level: 'Warning',
      message: 'WasmPlugin is checked, but the mesh does not act on it',
      origin: 'WasmPlugin all.default',
      reference: 'plugin.yaml:2',
    },
  ]);
  assert.equal((await run('--failure-threshold', 'warning', given)).code, 79);
  assert.equal((await run('--failure-threshold', 'x')).code, 64);
});
