import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { meshSettings } from './mesh-config.ts';

const root = `${rootCertificates[0]}\n`;
const settled = (...caCertificates: readonly object[]) => {
  const { mesh, problems } = meshSettings({ caCertificates });
  return [mesh.federated, problems.map(({ severity, message }) => `${severity} ${message}`)] as const;
};

test('roots that are written down, and those that are served, are for the domains that are named', () => {
  const url = 'https://south.example/';
  assert.deepEqual(settled({ pem: root }, { spiffeBundleUrl: url, trustDomains: ['south.example'] }), [
    [
      { trustDomains: [], roots: root, url: '' },
      { trustDomains: ['south.example'], roots: undefined, url },
    ],
    [],
  ]);
});

test('what can not be honoured is left out, and said by its place', () => {
  const wrong: readonly (readonly [object, string])[] = [
    [{}, 'mesh config: caCertificates[0]: it has neither pem nor spiffeBundleUrl'],
    [{ pem: 'x' }, 'mesh config: caCertificates[0].pem: it holds no certificates of authorities'],
    [
      { spiffeBundleUrl: 'http://a.example' },
      'mesh config: caCertificates[0].spiffeBundleUrl: "http://a.example" is no URL of https',
    ],
    [
      { pem: root, trustDomains: ['Spiffe://a'] },
      'mesh config: caCertificates[0].trustDomains: "Spiffe://a" is no name of a trust domain',
    ],
  ];
  for (const [data, message] of wrong) assert.deepEqual(settled(data), [[], [`error ${message}`]]);
  const [federated, problems] = settled({ pem: root, certSigners: ['a'] });
  assert.equal(federated.length, 1);
  assert.match(problems.join(), /^warning .+certSigners: it has no effect/);
});
