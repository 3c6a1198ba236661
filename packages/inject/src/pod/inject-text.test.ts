import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';
import { parse, parseAllDocuments, stringify } from 'yaml';

import { editValue } from './edit.ts';
import { injectText } from './inject-text.ts';
import { injection, typedEdits } from './injection.ts';
import type { Fields } from './kubernetes-object.ts';
import { testSettings } from './settings.testing.ts';
import { workloadKind } from './workload-kind.ts';

const POD = `# A pod that people read.
apiVersion: v1
kind: Pod
metadata:
  name: hello # its name
spec:
  serviceAccountName: reader
  containers:
    - name: hello
      image: "hello:1.10"
      command: [sh, -c, "true"]
  volumes:
    - name: data
      configMap:
        defaultMode: 0644
        optional: yes
`;

test('comments and spelling of what was there stay', () => {
  const { text } = injectText(POD, testSettings());
  for (const line of ['# A pod that people read.', 'name: hello # its name', 'defaultMode: 0644', 'optional: yes']) {
    assert.ok(text.includes(`${line}\n`), `${line} is missing in:\n${text}`);
  }
  assert.match(text, /command: \[sh, -c, "true"\]/);
  assert.match(text, /secretName: istio\.reader\n/);
});

test('documents of other kinds stay byte for byte, broken kinds and other groups too', () => {
  const others = [
    'kind:   Service # x\n',
    '{"a": 1}\n',
    '# only a comment\n',
    'apiVersion: my.org/v1\nkind: Job\n',
    'a: |+\n  x\n\n\n',
  ];
  const { text } = injectText(`---\n${others.join('---\n')}`, testSettings());
  assert.equal(text, others.map((other) => `${other}---\n`).join(''));
});

test('the workloads in a List get their sidecar where they stand', () => {
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' } };
  const list = { apiVersion: 'v1', kind: 'List', items: [service, parse(POD) as unknown, 7] };
  const injected = parse(injectText(stringify(list), testSettings()).text.replace(/---\n$/, '')) as typeof list;
  assert.deepEqual([injected.items[0], injected.items[2]], [service, 7]);
  assert.deepEqual(containerNames(injected.items[1]), ['hello', 'istio-proxy']);
});

test('a part shared by an alias is changed in one place only', () => {
  const text = `a: &labels {app: x}\n${POD.replace('name: hello # its name', 'name: x\n  labels: *labels\n  annotations: *labels')}`;
  const value = parse(injectText(text, testSettings()).text.replace(/---\n$/, '')) as {
    metadata: { labels: object; annotations: object };
  };
  assert.deepEqual(value.metadata.labels, { app: 'x' });
  assert.deepEqual(value.metadata.annotations, { app: 'x', 'sidecar.istio.io/status': 'injected-version-12345678' });
});

test('pods on the network of their host, opted out, or with a sidecar of their own get none', () => {
  for (const [from, to] of [
    ['spec:', 'spec:\n  hostNetwork: true'],
    ['metadata:', 'metadata:\n  annotations: {sidecar.istio.io/inject: "no"}'],
    ['metadata:', 'metadata:\n  namespace: kube-system'],
    ['- name: hello', '- name: istio-proxy'],
  ] as const) {
    const { text } = injectText(POD.replace(from, to), testSettings());
    assert.ok(!text.includes('istio-init'), text);
  }
});

test('annotations of a pod say what its init container redirects', () => {
  const annotations =
    'annotations: {traffic.sidecar.istio.io/includeInboundPorts: "", traffic.sidecar.istio.io/excludeOutboundIPRanges: 1.1.0.0/16}';
  const text = POD.replace('metadata:', `metadata:\n  ${annotations}`);
  const injected = injectText(
    text,
    testSettings({ traffic: { includeInboundPorts: '80', includeIpRanges: '10.0.0.0/8' } }),
  );
  const pod = parse(injected.text.replace(/---\n$/, '')) as { spec: { initContainers: [{ args: string[] }] } };
  assert.deepEqual(pod.spec.initContainers[0].args.slice(4), ['-i', '10.0.0.0/8', '-x', '1.1.0.0/16', '-b', '']);
});

test('what can not be read is said with its line, and nothing else is lost', () => {
  const { problems } = injectText(`kind: Service\n---\na: 1\nb: [\n---\nkind: Pod\n`, testSettings(), 'x.yaml');
  assert.deepEqual(
    problems.map(({ source }) => [source?.file, source?.line]),
    [['x.yaml', 5]],
  );
});

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const scalar = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('0644', 'yes', '1e3', '~', ''),
);
const member = fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })), {
  maxKeys: 3,
});
const podSpec = fc.record(
  {
    containers: fc.array(fc.record({ name, image: fc.string(), env: fc.array(member, { maxLength: 2 }) }), {
      maxLength: 3,
    }),
    initContainers: fc.oneof(
      fc.constant(null),
      fc.array(fc.record({ name, args: fc.array(fc.string()) }), { maxLength: 2 }),
    ),
    volumes: fc.array(fc.record({ name, other: member }), { maxLength: 2 }),
    hostNetwork: fc.boolean(),
    nodeSelector: member,
  },
  { requiredKeys: ['containers'] },
);
const metadata = fc.record(
  {
    name,
    labels: fc.dictionary(name, fc.string()),
    annotations: fc.oneof(fc.constant(null), fc.dictionary(name, fc.string())),
  },
  { requiredKeys: ['name'] },
);
const workload: fc.Arbitrary<Fields> = fc.oneof(
  fc.record({ apiVersion: fc.constant('v1'), kind: fc.constant('Pod'), metadata, spec: podSpec }),
  fc
    .tuple(
      fc.constantFrom('apps/v1 Deployment', 'apps/v1 StatefulSet', 'batch/v1 Job', 'v1 ReplicationController'),
      metadata,
      metadata,
      podSpec,
    )
    .map(([words, metadata, podMetadata, spec]) => {
      const [apiVersion, kind] = words.split(' ');
      return { apiVersion, kind, metadata, spec: { template: { metadata: podMetadata, spec } } };
    }),
);

test('injecting twice is injecting once, and the rest of an object means what it meant', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(workload, member), { minLength: 1, maxLength: 3 }), (objects) => {
      const once = injectText(objects.map((object) => stringify(object)).join('---\n'), testSettings());
      assert.deepEqual(injectText(once.text, testSettings()), once);
      const expected = objects.map((object) => editedByValue(object));
      const read = parseAllDocuments(once.text).map((document): unknown => document.toJS());
      assert.deepEqual(read.slice(0, -1), expected);
    }),
    { numRuns: 150 },
  );
});

/** The same by plain data instead of text. */
function editedByValue(object: Fields): unknown {
  const kind = workloadKind(object);
  const plain = parse(stringify(object)) as Fields;
  return kind ? editValue(plain, [...typedEdits(plain, kind), ...injection(plain, kind, testSettings()).edits]) : plain;
}

function containerNames(pod: unknown): readonly string[] {
  return (pod as { spec: { containers: { name: string }[] } }).spec.containers.map(({ name }) => name);
}
