// Whether a pod gets a sidecar: by the rules of Istio 0.2 (policy and annotation) and by today's (labels of namespace and pod first).
import { type Labels, selects } from '@meltemi/base';

import type { InjectionPolicy } from './settings.ts';

export const INJECT = 'sidecar.istio.io/inject';
export const STATUS = 'sidecar.istio.io/status';
const NAMESPACE_INJECTION = 'istio-injection';

/** Namespaces of the platform and of the mesh itself, by 0.2. */
const IGNORED_BY_FILES = new Set(['kube-system', 'kube-public', 'istio-system']);
/** The same for admission today: the mesh's own pods opt out by annotation. */
const IGNORED_BY_ADMISSION = new Set(['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage']);

export interface InjectionDecision {
  readonly inject: boolean;
  readonly reason: string;
}

export interface WorkloadMetadata {
  readonly namespace?: string | undefined;
  readonly annotations?: Labels | undefined;
}

/** By the rules of 0.2: the annotation decides; where there is none, the policy does. */
export function injectionRequired(policy: InjectionPolicy, metadata: WorkloadMetadata): InjectionDecision {
  const { namespace = '', annotations = {} } = metadata;
  if (IGNORED_BY_FILES.has(namespace)) return no(`namespace ${namespace} is ignored`);
  if (annotations[STATUS]?.startsWith('injected')) return no('it has a sidecar already');
  const asked = annotations[INJECT];
  if (asked === undefined) return { inject: policy === 'enabled', reason: `policy ${policy}` };
  return { inject: isYes(asked), reason: `annotation ${INJECT}: ${asked}` };
}

export interface AdmittedPod {
  readonly namespace: string;
  readonly namespaceLabels: Labels;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly hostNetwork: boolean;
}

export interface AdmissionRules {
  readonly policy: InjectionPolicy;
  /** Pods that these labels select never get a sidecar, if they don't say themselves. */
  readonly neverInjectLabels: readonly Labels[];
  readonly alwaysInjectLabels: readonly Labels[];
}

/** By today's rules: https://istio.io/latest/docs/ops/common-problems/injection/ */
export function admissionRequired(pod: AdmittedPod, rules: AdmissionRules): InjectionDecision {
  if (pod.hostNetwork) return no('it shares the network of its host');
  if (IGNORED_BY_ADMISSION.has(pod.namespace)) return no(`namespace ${pod.namespace} is ignored`);
  if (pod.annotations[STATUS] !== undefined) return no('it has a sidecar already');
  const ofNamespace = pod.namespaceLabels[NAMESPACE_INJECTION];
  if (ofNamespace === 'disabled') return no(`label ${NAMESPACE_INJECTION}: disabled of the namespace`);
  const asked = pod.labels[INJECT] ?? pod.annotations[INJECT];
  if (asked !== undefined) return { inject: isYes(asked), reason: `${INJECT}: ${asked}` };
  if (rules.neverInjectLabels.some((labels) => selects(labels, pod.labels))) return no('neverInjectSelector');
  if (rules.alwaysInjectLabels.some((labels) => selects(labels, pod.labels)))
    return { inject: true, reason: 'alwaysInjectSelector' };
  if (ofNamespace !== 'enabled') return no(`the namespace has no label ${NAMESPACE_INJECTION}: enabled`);
  return { inject: rules.policy === 'enabled', reason: `policy ${rules.policy}` };
}

/** The words for true of YAML 1.1: annotations are texts. */
function isYes(text: string): boolean {
  return ['y', 'yes', 'true', 'on'].includes(text.toLowerCase());
}

function no(reason: string): InjectionDecision {
  return { inject: false, reason };
}
