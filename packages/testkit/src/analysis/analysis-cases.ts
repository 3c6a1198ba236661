// Objects with one mistake each, and good ones beside them: the code of Istio's analysis that the bad ones get.
import type { KubeObject } from '../kubernetes/kube-client.ts';
import type { AnalysisCase } from './analyzed-objects.ts';
import { GATEWAY_CASES } from './gateway-cases.ts';
import { PLATFORM_CASES } from './platform-cases.ts';
import { POLICY_CASES } from './policy-cases.ts';
import { ROUTING_CASES } from './routing-cases.ts';

export const ANALYSIS_CASES: readonly AnalysisCase[] = [
  ...ROUTING_CASES,
  ...GATEWAY_CASES,
  ...PLATFORM_CASES,
  ...POLICY_CASES,
];

/** The objects of all cases, each with its namespace. */
export function analyzedWorld(cases: readonly AnalysisCase[]): readonly KubeObject[] {
  return cases.flatMap(caseWorld);
}

export function caseWorld(one: AnalysisCase): readonly KubeObject[] {
  const namespace = namespaceOf(one);
  const labels = one.labels ?? { 'istio-injection': 'disabled' };
  const own = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } };
  const objects = one.objects.map((object) => {
    const { metadata } = object;
    return { ...object, metadata: { ...metadata, namespace: metadata.namespace ?? namespace } };
  });
  return [own, ...objects.filter(({ kind }) => kind !== 'Namespace')];
}

export function namespaceOf({ code, name }: AnalysisCase): string {
  return `${code.toLowerCase()}-${name}`;
}
