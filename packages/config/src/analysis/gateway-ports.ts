// Gateways that no workload serves, and ports of gateways that no service of their workloads has.
import { type Problem, selects } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { Gateway } from '../model/gateway.ts';
import type { ServiceSpec } from '../model/kubernetes.ts';
import { CODE } from '../problem-code.ts';
import { picked, type Workload } from '../workload.ts';
import type { Subject } from './analyzer.ts';
import { findingAt, formatLabels } from './finding.ts';

export function analyzeGatewayPorts({ view, world }: Subject): Problem[] {
  return view.objects('Gateway').flatMap((resource) => {
    const selector = resource.spec.selector ?? {};
    const workloads = picked(world.workloads, selector, undefined);
    if (workloads.length === 0) return [noWorkload(resource)];
    const ports = servedPorts(workloads, view.objects('Service'));
    return resource.spec.servers.flatMap(({ port }, index) => {
      if (ports.has(port.number)) return [];
      const message = `no service of the pods with ${formatLabels(selector)} has the port ${port.number}`;
      const hint = ports.size > 0 ? `they have ${[...ports].join(', ')}` : undefined;
      return [findingAt(resource, `spec.servers[${index}].port`, { code: CODE.gatewayPortNotServed, message, hint })];
    });
  });
}

function noWorkload(resource: LocatedResource<Gateway>): Problem {
  const message = `no pod has the labels ${formatLabels(resource.spec.selector ?? {})}: nobody serves this gateway`;
  return findingAt(resource, 'spec.selector', { code: CODE.referenceNotFound, message });
}

/** Ports of services before the workloads, and the ports of the pods that they lead to. */
function servedPorts(
  workloads: readonly Workload[],
  services: readonly LocatedResource<ServiceSpec>[],
): ReadonlySet<number> {
  const own = services.filter(({ metadata, spec }) =>
    workloads.some(({ namespace, labels }) => namespace === metadata.namespace && selects(spec.selector ?? {}, labels)),
  );
  const ports = own.flatMap(({ spec }) => spec.ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP');
  return new Set(ports.flatMap(({ port, targetPort }) => (Number(targetPort) ? [Number(targetPort), port] : [port])));
}
