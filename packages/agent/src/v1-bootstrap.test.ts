// The files of Istio 0.2.2's agent, byte for byte.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fixtureFolder } from '@meltemi/testkit';
import { CommandLineError } from './command-line.ts';
import { v1BootstrapText } from './v1-bootstrap.ts';
import { v1ProxyConfig } from './v1-command-line.ts';

const bootstrap = fixtureFolder('bootstrap');
const seed = fixtureFolder('seed');
const fileOf = (...args: readonly string[]): string => v1BootstrapText(v1ProxyConfig(['bootstrap', ...args]));

test('the file of a sidecar with traces and statistics', { skip: !bootstrap && '1 fixture is not here' }, () => {
  const { cases } = JSON.parse(readFileSync(join(bootstrap!, 'cases.json'), 'utf8')) as {
    readonly cases: readonly { readonly argv: readonly string[]; readonly expected: string }[];
  };
  assert.equal(cases.length, 1);
  const { argv, expected } = cases[0]!;
  assert.equal(fileOf(...argv.slice(2)), readFileSync(join(bootstrap!, expected), 'utf8').trimEnd());
});

test('the file of a gateway with the defaults', { skip: !seed && '1 fixture is not here' }, () => {
  const expected = readFileSync(join(seed!, 'expected/022-file-gateway.json'), 'utf8').trim();
  assert.equal(fileOf('ingress'), expected);
  assert.equal(fileOf('egress'), expected);
});

test('mistakes are named', () => {
  const wrong = [['router'], ['sidecar', '--connectTimeout', 'soon'], ['sidecar', '--proxyAdminPort', '0'], ['--x']];
  for (const args of wrong) assert.throws(() => fileOf(...args), CommandLineError);
});
