import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatProblem } from '@meltemi/base';

import { buildView } from './build-view.ts';
import { decodeResource } from './decode-resource.ts';
import { parseDocuments } from './document.ts';

function said(code: string, ...texts: readonly string[]): readonly string[] {
  const decoded = texts.flatMap((text, index) =>
    parseDocuments(text, `${index}.yaml`).documents.map((document) => decodeResource(document)),
  );
  const resources = decoded.flatMap(({ resource }) => resource ?? []);
  assert.deepEqual([resources.length, decoded.flatMap(({ problems }) => problems)], [decoded.length, []]);
  return buildView(resources, [])
    .problems.filter((problem) => problem.code === code)
    .map(formatProblem);
}

const rule = (name: string, precedence: number, match = ''): string => `apiVersion: config.istio.io/v1alpha2
kind: RouteRule
metadata: {name: ${name}}
spec:
  destination: {name: reviews}
  precedence: ${precedence}${match}
`;

test('a rule behind one that takes every request is said, at both places', () => {
  const jason = "\n  match: {request: {headers: {cookie: {regex: '.*jason.*'}}}}";
  assert.deepEqual(said('IST0130', rule('all', 5), rule('jason', 1, jason)), [
    '1.yaml:1:1: warning: this route is never reached: the one at 0.yaml:1:1 takes every request before it [IST0130]',
  ]);
  assert.deepEqual(said('IST0130', rule('all', 1), rule('jason', 5, jason)), []);
});

const virtualService = (host: string, gateways: string): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: ['${host}']
  gateways: [${gateways}]
  http: [{route: [{destination: {host: web}}]}]
`;
const gateway = (host: string): string => `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front}
spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['${host}']}]}
`;

for (const [open, host, gateways, isOpen] of [
  ['a.example.com', 'a.example.com', 'front', true],
  ['*.example.com', 'a.example.com', 'default/front', true],
  ['a.example.com', '*.example.com', 'front', true],
  ['default/*', 'a.example.com', 'front', true],
  ['./*', '*', 'front', true],
  ['b.example.com', 'a.example.com', 'front', false],
  ['other/*', 'a.example.com', 'front', false],
  ['b.example.com', 'a.example.com', 'front, mesh', false],
] as const) {
  test(`a gateway for ${open} is ${isOpen ? '' : 'not '}open for ${host} at ${gateways}`, () => {
    const expected = `0.yaml:6:14: warning: no server of default/front is open for "${host}" [IST0132]`;
    assert.deepEqual(said('IST0132', virtualService(host, gateways), gateway(open)), isOpen ? [] : [expected]);
  });
}
