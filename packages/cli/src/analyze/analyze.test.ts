import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { ManualClock } from '@meltemi/base';

import { istioctl } from '../istioctl.ts';

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
    error: `✔ No validation issues found when analyzing ${good}.\n`,
  });
  const alone = await run('--use-kube=false', good);
  assert.equal(alone.code, 79);
  assert.match(alone.error, /^Error: Analyzers found issues when analyzing namespace: default\.\nSee https:\S+ /);
  assert.match(alone.out, /^Error \[IST0101\] \(VirtualService default\/reviews good\.yaml:6:40\) the host "reviews"/);
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
    /^Error \[IST0106\] \(VirtualService default\/reviews config\/bad\.yaml:5:3\) Schema validation error: /,
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
      origin: 'WasmPlugin default/all',
      reference: 'plugin.yaml:2:7',
    },
  ]);
  assert.equal((await run('--failure-threshold', 'warning', given)).code, 79);
  assert.equal((await run('--failure-threshold', 'x')).code, 64);
});

const NAMELESS = 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{name: web, port: 80}]}\n';

test('what is shown and what fails have thresholds of their own', async (context) => {
  const { run, file } = mesh(context);
  const given = file('service.yaml', NAMELESS);
  const shown = await run(given);
  assert.match(shown.out, /^Info \[IST0118\] \(Service default\/web service\.yaml:4:16\)/);
  assert.equal(shown.code, 0);
  assert.equal((await run('--failure-threshold', 'info', given)).code, 79);
  const quiet = await run('--output-threshold', 'Warning', '--failure-threshold', 'info', given);
  assert.deepEqual([quiet.code, quiet.out], [79, '']);
});

test('a code is suppressed for objects by a flag, and by an annotation even of a refused one', async (context) => {
  const { run, file } = mesh(context);
  const given = file('service.yaml', NAMELESS);
  for (const suppressed of ['IST0118=Service default/web', 'IST0118=Service web.default', 'IST0118=Service *']) {
    assert.deepEqual([(await run('-S', suppressed, given)).out], ['']);
  }
  assert.match((await run('-S', 'IST0118=Pod *', given)).out, /IST0118/);
  assert.match((await run('-S', 'IST9999=Pod *', given)).error, /^Warning: there is no code IST9999/);
  assert.equal((await run('-S', 'IST0118', given)).code, 1);
  const annotation = 'annotations: {galley.istio.io/analyze-suppress: IST0106}';
  const refused = rule('reviews').replace('hosts', 'hots').replace('name: reviews}', `name: reviews, ${annotation}}`);
  assert.deepEqual((await run('--use-kube=false', file('refused.yaml', refused))).code, 0);
});

test('directories are read with all below them, standard input by its dash', async (context) => {
  const { run, file, configDir } = mesh(context);
  mkdirSync(join(configDir, '../given/deeper'), { recursive: true });
  file('given/deeper/service.yaml', NAMELESS);
  const { out } = await run('--use-kube=false', join(configDir, '../given'));
  assert.match(out, /given\/deeper\/service\.yaml:4:16/);
  const all = await run('-o', 'yaml', '-');
  assert.deepEqual([all.code, all.out], [0, '[]\n']);
});

test("documents that can't be read fail by a code of their own, unless that is meant", async (context) => {
  const { run, file } = mesh(context);
  const broken = file('broken.yaml', `a: [b\n---\n${SERVICE}`);
  const { code, error } = await run('--use-kube=false', '--output-threshold', 'error', broken);
  assert.equal(code, 65);
  assert.match(error, /^Error \[MEL0001\] \(\S*broken\.yaml:\d+:\d+\)/);
  assert.equal((await run('--use-kube=false', '--ignore-unknown', broken)).code, 0);
});

test('analyzers are listed, and one is chosen by its name', async (context) => {
  const { run, file } = mesh(context);
  const { out } = await run('-L');
  assert.match(out, /^\* annotations\.K8sAnalyzer:\n {4}\S/);
  const given = file('both.yaml', `${NAMELESS}---\n${rule('nowhere')}`);
  const one = await run('--use-kube=false', '--analyzer', 'service.PortNameAnalyzer', given);
  assert.deepEqual([one.code, one.out.split('\n').length], [0, 2]);
});

test("settings of the mesh count: a file's before the mesh's own", async (context) => {
  const { run, file } = mesh(context);
  const logging =
    'apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {name: t}\nspec: {accessLogging: [{}]}\n';
  const given = file('telemetry.yaml', logging);
  assert.match((await run(given)).out, /IST0157/);
  const settings = file('mesh.txt', 'defaultProviders: {accessLogging: [envoy]}\n');
  assert.equal((await run('--meshConfigFile', settings, given)).out, '');
  const missing = await run('--meshConfigFile', 'nowhere', given);
  assert.deepEqual([missing.code, missing.error.startsWith('Error: --meshConfigFile nowhere: ')], [1, true]);
});
