// Proxies of other images than the injector gives now, and `image: auto` that nobody fills in.
import type { Problem } from '@meltemi/base';

import { effectiveProxyConfig } from '../effective-proxy-config.ts';
import type { LocatedResource } from '../located-resource.ts';
import { CODE } from '../problem-code.ts';
import { type Workload, workloadsOf } from '../workload.ts';
import type { Subject } from './analyzer.ts';
import { enumerate, findingAt } from './finding.ts';
import { INJECTION, isInMesh, namespacesOf, PROXY, REVISION } from './in-mesh.ts';
import { injectorValues } from './injector-values.ts';
import { rootNamespace } from './mesh-defaults.ts';

export function analyzeProxyImages(subject: Subject): Problem[] {
  const pods = workloadsOf(subject.view).filter(({ resource }) => resource.kind === 'Pod');
  const byNamespace = Map.groupBy(pods, ({ namespace }) => namespace);
  return subject.view.objects('Namespace').flatMap((namespace) => {
    const { name, labels } = namespace.metadata;
    const revision = labels[REVISION] ?? (labels[INJECTION] === 'enabled' ? 'default' : undefined);
    const image = revision === undefined ? undefined : injectorValues(subject, revision)?.image;
    if (image === undefined) return [];
    const others = (byNamespace.get(name) ?? []).filter((pod) => hasOtherImage(pod, image, subject));
    return others.length > 0 ? [otherImages(namespace, others)] : [];
  });
}

function hasOtherImage(pod: Workload, image: string, subject: Subject): boolean {
  if (pod.annotations['sidecar.istio.io/proxyImage']) return false;
  const type = imageType(pod, subject);
  const good = new Set([image, `${image}-${type}`]);
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  return containers.some((container) => container.name === PROXY && !good.has(container.image ?? ''));
}

/** `distroless`, …; '' where nothing says it. */
function imageType({ namespace, labels, annotations }: Workload, { view, mesh }: Subject): string {
  const pod = { namespace, labels, annotations, rootNamespace: rootNamespace(mesh) };
  return effectiveProxyConfig(view.objects('ProxyConfig'), pod, mesh.defaultConfig).image?.imageType ?? '';
}

function otherImages(namespace: LocatedResource, pods: readonly Workload[]): Problem {
  const names = enumerate(pods.map(({ resource }) => resource.metadata.name));
  const message = `the proxies of ${names} are of another image than the injector gives now: start them again`;
  return findingAt(namespace, 'metadata.name', { code: CODE.otherProxyImage, message });
}

/** A pod with this image never started; a Deployment's waits for an injector. */
export function analyzeAutoImages(subject: Subject): Problem[] {
  const namespaces = namespacesOf(subject);
  return workloadsOf(subject.view).flatMap((workload) => {
    const index = workload.spec.containers.findIndex((one) => one.name === PROXY && one.image === 'auto');
    if (index < 0) return [];
    const path = `${workload.path}.containers[${index}].image`;
    if (workload.resource.kind === 'Pod') {
      const message = '"image: auto" is for the injector, which did not see this pod';
      return [findingAt(workload.resource, path, { code: CODE.autoImage, message })];
    }
    if (isInMesh({ ...workload, spec: { containers: [] } }, namespaces)) return [];
    const message = '"image: auto" is for the injector, which its pods are not for';
    return [findingAt(workload.resource, path, { code: CODE.autoImageNotInjected, message })];
  });
}
