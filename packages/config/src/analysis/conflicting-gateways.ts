// Gateways that open the same port for the same hosts on the same workloads.
import type { Labels, Problem } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { Gateway, GatewayServer } from '../model/gateway.ts';
import { CODE } from '../problem-code.ts';
import { picked } from '../workload.ts';
import type { Subject } from './analyzer.ts';
import { enumerate, findingAt, fullName } from './finding.ts';

type Located = LocatedResource<Gateway>;

export function analyzeConflictingGateways(subject: Subject): Problem[] {
  const gateways = subject.view.objects('Gateway');
  const byPort = Map.groupBy(
    gateways.flatMap((gateway) => gateway.spec.servers.map((server) => ({ gateway, server }))),
    ({ server }) => server.port.number,
  );
  return gateways.flatMap((resource) =>
    resource.spec.servers.flatMap((server, index) => {
      const others = (byPort.get(server.port.number) ?? [])
        .filter((other) => other.gateway !== resource && sharesHost(server, other.server))
        .filter((other) => shareWorkloads(resource, other.gateway, subject))
        .map((other) => fullName(other.gateway));
      if (others.length === 0) return [];
      const message = `${enumerate([...new Set(others)])} opens port ${server.port.number} for the same hosts on the same pods`;
      return [findingAt(resource, `spec.servers[${index}]`, { code: CODE.conflictingGateways, message })];
    }),
  );
}

function sharesHost(one: GatewayServer, other: GatewayServer): boolean {
  return (one.bind ?? '') === (other.bind ?? '') && one.hosts.some((host) => other.hosts.includes(host));
}

function shareWorkloads({ spec }: Located, other: Located, { world }: Subject): boolean {
  const [one, two] = [spec.selector ?? {}, other.spec.selector ?? {}];
  if (isSame(one, two)) return true;
  const both = picked(picked(world.workloads, one, undefined), two, undefined);
  return both.length > 0;
}

function isSame(one: Labels, other: Labels): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}
