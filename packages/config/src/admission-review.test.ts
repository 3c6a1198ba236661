import assert from 'node:assert/strict';
import { test } from 'node:test';

import { answerReview } from './admission-review.ts';

const peers = (mode: string): object => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  metadata: { name: 'all', namespace: 'shop', managedFields: [] },
  spec: { mtls: { mode } },
});
const review = (operation: string, object: unknown) => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { uid: '7', operation, namespace: 'shop', object },
});
const response = (...about: Parameters<typeof review>) => answerReview(review(...about)).response;

test('a good object is let through with what there is to say', () => {
  assert.deepEqual(response('CREATE', peers('STRICT')), { uid: '7', allowed: true });
  const unfollowed = {
    apiVersion: 'extensions.istio.io/v1alpha1',
    kind: 'WasmPlugin',
    metadata: { name: 'all' },
    spec: { url: 'oci://a/b' },
  };
  assert.deepEqual(answerReview(review('CREATE', unfollowed)), {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid: '7',
      allowed: true,
      warnings: [
        'WasmPlugin shop/all: warning: kind: WasmPlugin is checked, but the mesh does not act on it [MEL0015]',
      ],
    },
  });
});

test('a bad object is denied with its fields', () => {
  assert.deepEqual(response('UPDATE', peers('STRIKT')), {
    uid: '7',
    allowed: false,
    status: {
      code: 400,
      message:
        'PeerAuthentication shop/all: error: spec.mtls.mode: "STRIKT" is not one of UNSET, DISABLE, PERMISSIVE, STRICT (did you mean "STRICT"?) [MEL0006]',
    },
  });
});

test('deleting is allowed, and what is no review is denied', () => {
  assert.deepEqual(response('DELETE', undefined), { uid: '7', allowed: true });
  assert.equal(response('CREATE', undefined).allowed, false);
  assert.equal(answerReview({}).response.allowed, false);
});
