// Namespaces that don't say clearly whether their pods get proxies, and pods that should have one and don't.
import type { Problem } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import { CODE } from '../problem-code.ts';
import { workloadsOf } from '../workload.ts';
import type { Subject } from './analyzer.ts';
import { enumerate, findingAt } from './finding.ts';
import { DATA_PLANE, hasProxy, INJECT, INJECTION, namespacesOf, REVISION } from './in-mesh.ts';
import { injectorValues } from './injector-values.ts';
import { rootNamespace } from './mesh-defaults.ts';

export function analyzeInjection(subject: Subject): Problem[] {
  const own = rootNamespace(subject.mesh);
  const namespaces = subject.view.objects('Namespace').filter(({ metadata }) => metadata.name !== own);
  return [
    ...namespaces.flatMap((namespace) => [...severalLabels(namespace), ...undecided(namespace, subject)]),
    ...missingProxies(subject),
  ];
}

function severalLabels(namespace: LocatedResource): Problem[] {
  const { labels } = namespace.metadata;
  const injection = labels[INJECTION];
  const others = [REVISION, DATA_PLANE].filter((label) => label in labels);
  const counted = injection === undefined || injection === 'enabled' ? others : [];
  const said = [...(injection === undefined ? [] : [INJECTION]), ...counted];
  if (said.length < 2) return [];
  const message = `${enumerate(said.map((label) => `${label}=${labels[label]}`))} contradict each other: leave one`;
  return [findingAt(namespace, 'metadata.labels', { code: CODE.conflictingInjection, message })];
}

function undecided(namespace: LocatedResource, subject: Subject): Problem[] {
  const { name, labels } = namespace.metadata;
  if (labels[DATA_PLANE] === 'ambient' || labels[INJECTION] || REVISION in labels) return [];
  if (injectorValues(subject, labels[REVISION])?.enableNamespacesByDefault) {
    const message = 'its pods get proxies, as namespaces do by default here';
    return [findingAt(namespace, 'metadata.name', { code: CODE.injectedByDefault, message })];
  }
  const message = 'its pods get no proxies, and nothing says that this is meant';
  const hint = `kubectl label namespace ${name} ${INJECTION}=enabled, or =disabled`;
  return [findingAt(namespace, 'metadata.name', { code: CODE.notInjected, message, hint })];
}

/** Pods alone: what Deployments will start gets its proxy then. */
function missingProxies(subject: Subject): Problem[] {
  const namespaces = namespacesOf(subject);
  const pods = workloadsOf(subject.view).filter(({ resource }) => resource.kind === 'Pod');
  return pods.flatMap((pod) => {
    if (namespaces.get(pod.namespace)?.metadata.labels[INJECTION] !== 'enabled') return [];
    const said = pod.labels[INJECT] ?? pod.annotations[INJECT] ?? '';
    if (said.toLowerCase() === 'false' || pod.spec.hostNetwork || hasProxy(pod)) return [];
    const message = 'this pod has no proxy, though its namespace asks for one: start it again';
    return [findingAt(pod.resource, 'metadata.name', { code: CODE.missingProxy, message })];
  });
}
