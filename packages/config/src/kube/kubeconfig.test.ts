// Kubeconfigs are read as kubectl reads them; what can't be honoured is refused by name.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { inClusterAccess, readKubeconfig } from './kubeconfig.ts';

const directory = mkdtempSync(join(tmpdir(), 'meltemi-kubeconfig-'));
const file = join(directory, 'config');
after(() => rmSync(directory, { recursive: true }));

function written(user: string, cluster = '{server: "https://127.0.0.1:6443/"}'): string {
  const text = `current-context: one
contexts: [{name: one, context: {cluster: c, user: u}}, {name: two, context: {cluster: other, user: u}}]
clusters: [{name: c, cluster: ${cluster}}, {name: other, cluster: {server: 'https://other'}}]
users: [{name: u, user: ${user}}]`;
  writeFileSync(file, text);
  return file;
}

test('the current context, or another, with inline data and files beside it', () => {
  writeFileSync(join(directory, 'ca.pem'), 'CA');
  writeFileSync(join(directory, 'token'), 'secret\n');
  const key = Buffer.from('KEY').toString('base64');
  const user = `{tokenFile: token, client-certificate: ca.pem, client-key-data: ${key}}`;
  const access = readKubeconfig(
    written(user, '{server: "https://h:1/", certificate-authority: ca.pem, tls-server-name: k}'),
  );
  const { token, ...others } = access;
  const expected = { server: 'https://h:1', insecure: false, ca: 'CA', serverName: 'k', certificate: 'CA', key: 'KEY' };
  assert.deepEqual(others, expected);
  assert.equal(token?.(), 'secret');
  assert.equal(readKubeconfig(written(user), 'two').server, 'https://other');
});

for (const [name, read, message] of [
  ['a program for credentials', () => readKubeconfig(written('{exec: {command: x}}')), /exec is not supported/],
  ['a password', () => readKubeconfig(written('{username: a, password: b}')), /username, password is not supported/],
  ['a context that is not there', () => readKubeconfig(written('{}'), 'three'), /it has no context "three"/],
  ['a certificate without its key', () => readKubeconfig(written('{client-certificate-data: YQ==}')), /go together/],
  ['a server that is no URL', () => readKubeconfig(written('{}', '{server: nowhere}')), /no URL/],
  ['trust in all and in one', () => readKubeconfig(written('{}', BOTH)), /exclude each other/],
  ['a file that is not there', () => readKubeconfig(join(directory, 'none')), /ENOENT/],
  ['a process outside of a cluster', () => inClusterAccess(undefined, undefined), /KUBERNETES_SERVICE_HOST/],
] as const) {
  test(`refuses ${name}`, () => {
    assert.throws(read, { code: 'kubeconfig', message });
  });
}

const BOTH = '{server: "https://h", insecure-skip-tls-verify: true, certificate-authority-data: YQ==}';
