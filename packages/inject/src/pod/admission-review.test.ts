import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Labels } from '@meltemi/base';
import fc from 'fast-check';

import { type AdmissionSettings, reviewAdmission } from './admission-review.ts';
import { editValue, jsonPatch, type PatchOperation } from './edit.ts';
import { injectionEdits } from './injection.ts';
import { testSettings } from './settings.testing.ts';

const POD = {
  metadata: { generateName: 'hello-', labels: { app: 'hello' } },
  spec: { containers: [{ name: 'hello', image: 'hello' }], volumes: [{ name: 'data' }] },
};

interface Answer {
  readonly apiVersion: string;
  readonly kind: string;
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly patch?: string;
    readonly patchType?: string;
    readonly status?: { readonly message: string };
  };
}

const enabled = { 'istio-injection': 'enabled' };

function review(object: unknown, apiVersion = 'admission.k8s.io/v1', namespaceLabels: Labels = enabled): Answer {
  const settings: AdmissionSettings = {
    rules: { neverInjectLabels: [{ tier: 'batch' }], alwaysInjectLabels: [{ tier: 'web' }] },
    inject: testSettings(),
    labelsOfNamespace: () => namespaceLabels,
  };
  const request = { uid: 'u-1', namespace: 'shop', object };
  return reviewAdmission({ apiVersion, kind: 'AdmissionReview', request }, settings) as unknown as Answer;
}

function operations({ response }: Answer): readonly PatchOperation[] {
  return JSON.parse(Buffer.from(response.patch!, 'base64').toString()) as PatchOperation[];
}

for (const apiVersion of ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1']) {
  test(`a pod gets its sidecar by a JSON patch in the version of the review, ${apiVersion}`, () => {
    const answer = review(POD, apiVersion);
    assert.deepEqual(
      [answer.apiVersion, answer.kind, answer.response.uid, answer.response.allowed, answer.response.patchType],
      [apiVersion, 'AdmissionReview', 'u-1', true, 'JSONPatch'],
    );
    assert.deepEqual(
      operations(answer).map(({ op, path }) => `${op} ${path}`),
      [
        'add /metadata/annotations',
        'add /metadata/annotations/sidecar.istio.io~1status',
        'add /spec/initContainers',
        'add /spec/containers/-',
        'add /spec/volumes/-',
        'add /spec/volumes/-',
        'add /spec/volumes/-',
      ],
    );
  });
}

test('labels of namespace and pod decide in this order', () => {
  const table: readonly (readonly [Labels, Labels, Labels, boolean])[] = [
    [enabled, {}, {}, true],
    [{}, {}, {}, false],
    [{ 'istio-injection': 'disabled' }, { 'sidecar.istio.io/inject': 'true' }, {}, false],
    [{}, { 'sidecar.istio.io/inject': 'true' }, {}, true],
    [enabled, { 'sidecar.istio.io/inject': 'true' }, { 'sidecar.istio.io/inject': 'false' }, true],
    [enabled, {}, { 'sidecar.istio.io/inject': 'false' }, false],
    [enabled, { tier: 'batch' }, {}, false],
    [{}, { tier: 'web' }, {}, true],
    [enabled, {}, { 'sidecar.istio.io/status': '{}' }, false],
  ];
  const results = table.map(
    ([ofNamespace, labels, annotations]) =>
      review({ ...POD, metadata: { labels, annotations } }, undefined, ofNamespace).response.patch !== undefined,
  );
  assert.deepEqual(
    results,
    table.map((row) => row[3]),
  );
});

test('pods on the network of their host and of the platform stay as they are', () => {
  assert.equal(review({ ...POD, spec: { ...POD.spec, hostNetwork: true } }).response.patch, undefined);
  assert.equal(review({ ...POD, metadata: { namespace: 'kube-system' } }).response.patch, undefined);
});

test('what is no pod is refused, what is no review has no answer', () => {
  assert.deepEqual(review({}).response, {
    uid: 'u-1',
    allowed: false,
    status: { message: 'the object of the request is no pod' },
  });
  for (const odd of [null, 7, {}, { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' }]) {
    assert.equal(reviewAdmission(odd, {} as AdmissionSettings), undefined);
  }
  assert.equal(review(POD, 'admission.k8s.io/v2'), undefined);
});

const name = fc.stringMatching(/^[a-z~/]{1,6}$/);
const items = fc.option(fc.array(fc.record({ name }), { maxLength: 2 }), { nil: undefined });

test('the patch makes of a pod what the edits make of it', () => {
  const pod = fc.record({
    metadata: fc.oneof(fc.constant(null), fc.record({ annotations: fc.option(fc.dictionary(name, name)) })),
    spec: fc.record({ containers: items, initContainers: items, volumes: items }, { requiredKeys: [] }),
  });
  fc.assert(
    fc.property(pod, (pod) => {
      const plain = JSON.parse(JSON.stringify(pod)) as object;
      const edits = injectionEdits(plain, [], testSettings({ coreDump: true }));
      assert.deepEqual(patched(plain, jsonPatch(plain, edits)), editValue(plain, edits));
    }),
  );
});

/** RFC 6902 for the operations that are used here. */
function patched(value: object, operations: readonly PatchOperation[]): unknown {
  const copy: unknown = structuredClone(value);
  for (const { path, value: member } of operations) {
    const steps = path
      .split('/')
      .slice(1)
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    let at = copy as Record<string, unknown>;
    for (const step of steps.slice(0, -1)) at = at[step] as Record<string, unknown>;
    if (Array.isArray(at)) at.push(structuredClone(member));
    else at[steps.at(-1)!] = structuredClone(member);
  }
  return copy;
}
