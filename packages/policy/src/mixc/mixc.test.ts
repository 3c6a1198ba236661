// What `mixc eval` prints, from a manifest in a file to the value.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';

import { mixc } from './mixc.ts';
import type { MixcResult } from './mixc-result.ts';

const folder = mkdtempSync(join(tmpdir(), 'mixc-'));
after(() => rmSync(folder, { recursive: true }));

const manifest = file(
  'manifest.yaml',
  `
apiVersion: config.istio.io/v1alpha2
kind: attributemanifest
metadata: {name: test, namespace: istio-system}
spec:
  attributes:
    ai: {valueType: INT64}
    as: {value_type: STRING, description: a text}
---
kind: ConfigMap
---
apiVersion: config.istio.io/v1alpha2
kind: attributemanifest
spec: {attributes: {aip: {valueType: IP_ADDRESS}, at: {valueType: TIMESTAMP}, ad: {valueType: DURATION}, am: {valueType: STRING_MAP}}}
`,
);

const ATTRIBUTES = JSON.stringify({
  as: 'plain "text"',
  aip: '10.0.0.1',
  at: '2015-01-02T15:04:35Z',
  ad: '90m',
  am: { b: '2', a: '1' },
});

function evaluate(...args: readonly string[]): Promise<MixcResult> {
  return run(['eval', '--manifest', manifest, '--attributes', ATTRIBUTES, ...args]);
}

function run(args: readonly string[]): Promise<MixcResult> {
  return mixc(args, () => 0);
}

test('values are printed as text, maps as JSON', async () => {
  const texts = ['as', 'aip', 'at', 'ad', 'am', 'am["a"]', 'ai | 7', 'true && false', '1.5'];
  const printed = await Promise.all(texts.map((text) => evaluate(text)));
  assert.deepEqual(
    printed.map(({ out }) => out),
    [
      'plain "text"\n',
      '10.0.0.1\n',
      '2015-01-02T15:04:35Z\n',
      '1h30m0s\n',
      '{"a":"1","b":"2"}\n',
      '1\n',
      '7\n',
      'false\n',
      '1.5\n',
    ],
  );
});

test('--type puts the type before', async () => {
  assert.deepEqual(await evaluate('--type', 'ai == 1 || as == "x" | "y"'), {
    exitCode: 1,
    out: '',
    error: "1:1: lookup failed: 'ai'\n",
  });
  assert.deepEqual(await evaluate('--type', 'ad | "1s"'), { exitCode: 0, out: 'DURATION\n1h30m0s\n', error: '' });
});

test('integers of 64 bits stay exact', async () => {
  const attributes = '{"ai": 9151314447095037952}';
  assert.equal(
    (await run(['eval', '--manifest', manifest, '--attributes', attributes, 'ai'])).out,
    '9151314447095037952\n',
  );
});

test('errors are one line with the place, and exit code 1', async () => {
  const errors: readonly (readonly [string, string])[] = [
    ['@23', "unable to parse expression '@23': 1:1: illegal character U+0040 '@'"],
    ['ai == true', '1:7: EQ($ai, true) arg 2 (true) typeError got BOOL, expected INT64'],
    ['am["x"]', "1:1: member lookup failed: 'x'"],
    ['ip("x")', '1:1: could not convert x to IP_ADDRESS'],
  ];
  for (const [text, error] of errors)
    assert.deepEqual(await evaluate(text), { exitCode: 1, out: '', error: `${error}\n` });
});

test('attributes and manifests that make no sense are refused with a reason', async () => {
  const wrong = async (...args: readonly string[]): Promise<string> => (await run(['eval', ...args, 'true'])).error;
  assert.equal(
    await wrong('--manifest', manifest, '--attributes', '{"x": 1}'),
    'attribute x: the manifest does not declare it\n',
  );
  assert.equal(await wrong('--manifest', manifest, '--attributes', '{"ai": "x"}'), 'attribute ai: "x" is no INT64\n');
  assert.match(await wrong('--attributes', '{'), /^attributes: .*JSON/);
  assert.match(await wrong('--manifest', join(folder, 'none')), /^manifest: ENOENT/);
  const odd = file('odd.yaml', 'a: STRING\nb: TEXT\n');
  assert.equal(await wrong('--manifest', odd), `${odd}:2:4: attribute b: "TEXT" is no type of values\n`);
  assert.match(await wrong('--what'), /--what/);
});

test('the attributes of Mixer are known without a manifest', async () => {
  const attributes = '{"request.headers": {"user": "jason"}, "source.ip": {"bytes": "0a000001"}}';
  const text = 'request.headers["user"] == "jason" && source.ip == ip("10.0.0.1")';
  assert.equal((await run(['eval', '--attributes', attributes, text])).out, 'true\n');
});

test('the program prints and exits', async () => {
  const program = join(import.meta.dirname, '../../../../bin/mixc.ts');
  const out = execFileSync(process.execPath, [program, 'eval', '--type', '"a" + "b"'], { encoding: 'utf8' });
  assert.equal(out, 'STRING\nab\n');
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
