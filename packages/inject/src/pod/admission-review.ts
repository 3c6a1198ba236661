// The mutating webhook: an AdmissionReview of a pod → the AdmissionReview that answers it, with a JSON patch.
// https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
import type { Labels } from '@meltemi/base';

import { jsonPatch } from './edit.ts';
import { type AdmissionRules, admissionRequired } from './injection-decision.ts';
import { hasSidecar, injectionEdits } from './injection.ts';
import { type Fields, isRecord, textAt, textsAt, valueAt } from './kubernetes-object.ts';
import type { InjectSettings } from './settings.ts';

const VERSIONS: readonly string[] = ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'];

export interface AdmissionSettings {
  readonly rules: Omit<AdmissionRules, 'policy'>;
  readonly inject: InjectSettings;
  /** What is known of a namespace: the review names it only. */
  labelsOfNamespace(namespace: string): Labels;
}

/** Also a review that can't be understood is answered, with a refusal; `undefined` where it has no one to answer. */
export function reviewAdmission(review: unknown, settings: AdmissionSettings): Fields | undefined {
  const request = valueAt(review, ['request']);
  const uid = textAt(request, ['uid']);
  const apiVersion = textAt(review, ['apiVersion']) ?? '';
  if (!isRecord(review) || review['kind'] !== 'AdmissionReview' || uid === undefined) return undefined;
  if (!VERSIONS.includes(apiVersion)) return undefined;
  return { apiVersion, kind: 'AdmissionReview', response: { uid, ...admit(request, settings) } };
}

function admit(request: unknown, settings: AdmissionSettings): Fields {
  const pod = valueAt(request, ['object']);
  const spec = valueAt(pod, ['spec']);
  if (!isRecord(pod) || !isRecord(spec)) return refuse('the object of the request is no pod');
  const namespace = textAt(pod, ['metadata', 'namespace']) ?? textAt(request, ['namespace']) ?? '';
  const { inject, reason } = admissionRequired(
    {
      namespace,
      namespaceLabels: settings.labelsOfNamespace(namespace),
      labels: textsAt(pod, ['metadata', 'labels']),
      annotations: textsAt(pod, ['metadata', 'annotations']),
      hostNetwork: spec['hostNetwork'] === true,
    },
    { ...settings.rules, policy: settings.inject.policy },
  );
  if (!inject || hasSidecar(spec)) return { allowed: true, auditAnnotations: { injection: reason } };
  const patch = jsonPatch(pod, injectionEdits(pod, [], settings.inject));
  return { allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
}

function refuse(message: string): Fields {
  return { allowed: false, status: { message } };
}
