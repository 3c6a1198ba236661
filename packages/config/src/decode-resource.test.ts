import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatProblem, hasErrors } from '@meltemi/base';
import fc from 'fast-check';

import { decodeResource } from './decode-resource.ts';
import { parseDocuments } from './document.ts';
import { KINDS, kindWords } from './kinds.ts';
import { objectToYaml } from './resource-yaml.ts';
import type { Field } from './schema.ts';

const RULE = `apiVersion: config.istio.io/v1alpha2
kind: RouteRule
metadata:
  name: reviews-default
spec:
  destination:
    name: reviews
  precedence: 1
  route:
  - labels:
      version: v1
    weight: 50
  - labels:
      version: v3
    weight: 50
`;

const VIRTUAL_SERVICE = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: reviews
spec:
  hosts:
  - reviews
  http:
  - match:
    - uri:
        regex: /a.*
    timeout: 1s
    route:
    - destination:
        host: reviews
`;

function said(text: string): readonly string[] {
  const { documents, problems } = parseDocuments(text, 'f.yaml');
  return [...problems, ...documents.flatMap((document) => decodeResource(document).problems)].map(formatProblem);
}

test('a good rule is decoded without a word', () => {
  const [document] = parseDocuments(RULE, 'f.yaml').documents;
  const { resource, problems } = decodeResource(document!);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    [resource!.kind, resource!.metadata.namespace, resource!.metadata.name],
    ['RouteRule', 'default', 'reviews-default'],
  );
  assert.deepEqual(resource!.spec, {
    destination: { name: 'reviews' },
    precedence: 1,
    route: [
      { labels: { version: 'v1' }, weight: 50 },
      { labels: { version: 'v3' }, weight: 50 },
    ],
  });
  assert.deepEqual(resource!.origin('spec.route[1]').source, { file: 'f.yaml', line: 13, column: 5 });
});

const MISTAKES: readonly (readonly [string, string, string, string])[] = [
  ['an unknown field', RULE.replace('precedence', 'precedense'), 'f.yaml:8:3', 'did you mean "precedence"?'],
  [
    'weights that are not 100',
    RULE.replace('weight: 50', 'weight: 60'),
    'f.yaml:9:3',
    'add up to 110, not to 100 (60 + 50) [MEL0009]',
  ],
  [
    'a wrong type',
    RULE.replace('weight: 50', 'weight: abc'),
    'f.yaml:12:13',
    '"weight": expected a number, got the text "abc"',
  ],
  [
    'a number where a text belongs',
    RULE.replace('version: v1', 'version: 1.0'),
    'f.yaml:11:16',
    'write it in quotes: "1"',
  ],
  [
    'a bad regular expression',
    VIRTUAL_SERVICE.replace('/a.*', '"(a"'),
    'f.yaml:11:16',
    'is not a regular expression: ',
  ],
  [
    'a duration without a unit',
    VIRTUAL_SERVICE.replace('1s', '"5"'),
    'f.yaml:12:14',
    '"5" is not a duration (did you mean "5s"?)',
  ],
  [
    'a missing field',
    VIRTUAL_SERVICE.replace(/spec:\n(.*\n)*/, 'spec: {}\n').replaceAll('VirtualService', 'DestinationRule'),
    'f.yaml:5:1',
    '"spec" needs the field "host"',
  ],
  [
    'an empty list',
    VIRTUAL_SERVICE.replace('  http:', '  tls: [{ match: [] }]\n  http:'),
    'f.yaml:8:11',
    '"match" must not be empty',
  ],
  ['a kind with a typing mistake', RULE.replace('RouteRule', 'RuteRule'), 'f.yaml:2:7', 'did you mean "RouteRule"?'],
  [
    'a version that is not',
    VIRTUAL_SERVICE.replace('.io/v1', '.io/v2'),
    'f.yaml:1:13',
    'did you mean "networking.istio.io/v1"?',
  ],
  [
    'a group with a typing mistake',
    VIRTUAL_SERVICE.replace('networking.', 'netwroking.'),
    'f.yaml:1:13',
    'did you mean "networking.istio.io/v1"?',
  ],
  [
    'a kind that is not',
    VIRTUAL_SERVICE.replace('VirtualService', 'Something'),
    'f.yaml:2:7',
    'unknown kind "Something"',
  ],
  ['a name that is none', RULE.replace('reviews-default', '../../etc'), 'f.yaml:4:9', 'is not a name of an object'],
  [
    'fields that exclude each other',
    VIRTUAL_SERVICE.replace('regex: /a.*', 'exact: a\n        prefix: b'),
    'f.yaml:12:9',
    '"exact" and "prefix" exclude each other',
  ],
  [
    'a port out of range',
    VIRTUAL_SERVICE.replace('timeout: 1s', 'redirect: {port: 70000}'),
    'f.yaml:12:22',
    '70000 is out of range: 1 to 65535',
  ],
  [
    'a key that is there twice',
    RULE.replace('precedence: 1', 'precedence: 1\n  precedence: 2'),
    'f.yaml:9:3',
    'unique',
  ],
];

for (const [what, text, place, words] of MISTAKES) {
  test(`${what} is refused at its place`, () => {
    const lines = said(text);
    assert.ok(
      lines.some((line) => line.startsWith(`${place}: error: `) && line.includes(words)),
      lines.join('\n'),
    );
  });
}

test('an unknown enum value names the one that was meant', () => {
  const text =
    'apiVersion: networking.istio.io/v1beta1\nkind: DestinationRule\nmetadata: {name: a}\nspec: {host: a, trafficPolicy: {loadBalancer: {simple: RANDON}}}\n';
  assert.match(said(text)[0]!, /^f\.yaml:4:56: error: .*\(did you mean "RANDOM"\?\) \[MEL0006\]$/);
});

test('fields are known by both of their names', () => {
  const text = RULE.replace('precedence: 1', 'http_fault: {delay: {percent: 100, fixed_delay: 7s}}');
  const { resource } = decodeResource(parseDocuments(text, 'f.yaml').documents[0]!);
  const { httpFault } = resource!.spec as { readonly httpFault: unknown };
  assert.deepEqual(httpFault, { delay: { percent: 100, fixedDelay: '7s' } });
  assert.deepEqual(resource!.origin('spec.httpFault.delay.fixedDelay').source, { file: 'f.yaml', line: 8, column: 51 });
});

test('fields of old rules that nothing follows are said, and the rule holds', () => {
  const fault = 'http_fault: {delay: {percent: 100, fixed_delay: 7s, override_header_name: x}}\n  l4Fault: {}';
  assert.deepEqual(said(RULE.replace('precedence: 1', fault)), [
    'f.yaml:9:3: warning: "l4Fault" has no effect: the mesh has nothing that does this [MEL0012]',
    'f.yaml:8:55: warning: "overrideHeaderName" has no effect: the mesh has nothing that does this [MEL0012]',
  ]);
  const egress = (proxy: boolean): string =>
    `apiVersion: config.istio.io/v1alpha2\nkind: EgressRule\nmetadata: {name: a}\nspec: {destination: {service: a.com}, ports: [{port: 80, protocol: http}], useEgressProxy: ${proxy}}\n`;
  assert.deepEqual([said(egress(false)).length, said(egress(true)).length], [0, 1]);
  assert.match(
    said(
      'apiVersion: config.istio.io/v1alpha2\nkind: DestinationPolicy\nmetadata: {name: a}\nspec: {destination: {name: a}, source: {name: b}}\n',
    ).join('\n'),
    /^f\.yaml:4:32: warning: "source" has no effect/,
  );
});

test('the form of istioctl 0.2 is read, and an apiVersion may be missing from its rules', () => {
  const legacy = 'type: route-rule\nname: a\nnamespace: b\nspec:\n  destination:\n    name: c\n';
  const { resource } = decodeResource(parseDocuments(legacy, 'f.yaml').documents[0]!);
  assert.deepEqual(
    [resource!.kind, resource!.apiVersion, resource!.metadata.namespace],
    ['RouteRule', 'config.istio.io/v1alpha2', 'b'],
  );
  assert.deepEqual(resource!.origin('spec.destination.name').source, { file: 'f.yaml', line: 6, column: 11 });
  assert.deepEqual(said(RULE.replace('apiVersion: config.istio.io/v1alpha2\n', '')), []);
});

test('kinds of others are passed over with a word', () => {
  assert.deepEqual(said('apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\n'), [
    'f.yaml:2:7: info: batch/v1 Job is not read by the mesh [MEL0002]',
  ]);
});

test('an object has the same revision wherever it is read, and another when it says something else', () => {
  const revision = (text: string) =>
    decodeResource(parseDocuments(text, 'f').documents[0]!).resource!.metadata.resourceVersion;
  assert.equal(revision(RULE), revision(`# a comment\n${RULE}`));
  assert.notEqual(revision(RULE), revision(RULE.replace('precedence: 1', 'precedence: 2')));
});

const jsonObject = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    tie('list'),
    tie('map'),
  ),
  list: fc.array(tie('value'), { maxLength: 3 }),
  map: fc.dictionary(
    fc.constantFrom(
      'hosts',
      'http',
      'route',
      'destination',
      'weight',
      'match',
      'uri',
      'fault',
      'ports',
      'subsets',
      '__proto__',
      'host',
      'selector',
      'template',
    ),
    tie('value'),
    { maxKeys: 4 },
  ),
}));

/** Values that have mostly the form that the schema asks for. */
function almost(field: Field): fc.Arbitrary<unknown> {
  const good = (): fc.Arbitrary<unknown> => {
    switch (field.kind) {
      case 'text':
        return fc.constantFrom('', 'a', '1s', '80', '*', 'default', 'https://a.example', 'ServiceRole');
      case 'number':
        return fc.constantFrom(0, 1, 100, 8080, '7', 0.5);
      case 'enum':
        return fc.constantFrom(...field.values, 0, 1);
      case 'list':
        return fc.array(almost(field.item), { maxLength: 2 });
      case 'map':
        return fc.dictionary(fc.constantFrom('a', '80', 'b.c'), almost(field.value), { maxKeys: 2 });
      case 'message': {
        const fields = Object.entries(field.fields).map(([name, inner]) => [name, almost(inner)] as const);
        return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
      }
      default:
        return fc.constantFrom(true, 80, 'http', {});
    }
  };
  return fc.oneof({ arbitrary: good(), weight: 40 }, { arbitrary: fc.constantFrom(null, 'x', 1, [], {}), weight: 1 });
}

for (const kind of KINDS) {
  test(`no spec of ${kind.kind} makes decoding throw`, () => {
    const apiVersion = [kind.groups[0], kind.versions[0]].filter((part) => part !== '').join('/');
    const name = fc.constantFrom('default', 'a', undefined);
    fc.assert(
      fc.property(name, almost(kind.schema), (named, spec) => {
        const value = { apiVersion, kind: kind.kind, metadata: named && { name: named }, spec };
        const source = { file: 'f', line: 1, column: 1 };
        const { resource, problems } = decodeResource({ value, source, locate: () => source, locateKey: () => source });
        assert.equal(resource === undefined, hasErrors(problems));
      }),
      { numRuns: 30 },
    );
  });
}

test('every word on the command line means one kind', () => {
  const words = KINDS.flatMap((kind) => [...new Set(kindWords(kind))]);
  assert.deepEqual(
    words.filter((word, index) => words.indexOf(word) !== index),
    [],
  );
});

test('a kind that the mesh does not follow is checked, kept and said', () => {
  const text = 'apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: a}\n';
  assert.deepEqual(said(`${text}spec: {url: "oci://a/b", phase: AUTHN}\n`), [
    'f.yaml:2:7: warning: WasmPlugin is checked, but the mesh does not act on it [MEL0015]',
  ]);
  assert.match(
    said(`${text}spec: {url: "oci://a/b", phase: AUTH}\n`).join(),
    /4:33: error: .*\(did you mean "AUTHN"\?\)/,
  );
});

test('no spec makes decoding throw, and findings are inside of the file', () => {
  fc.assert(
    fc.property(fc.constantFrom(...KINDS), jsonObject.map, ({ kind, groups, versions }, spec) => {
      const apiVersion = [groups[0], versions[0]].filter((part) => part !== '').join('/');
      const text = objectToYaml({ apiVersion, kind, metadata: { name: 'a' }, spec });
      const lines = text.split('\n').length;
      const [document] = parseDocuments(text, 'f.yaml').documents;
      const { resource, problems } = decodeResource(document!);
      assert.equal(resource === undefined, hasErrors(problems));
      for (const { source } of problems) assert.ok(source!.line >= 1 && source!.line <= lines);
    }),
  );
});
