// Applications that run as the proxy's user: their connections pass for the proxy's own, and nothing captures them.
import type { Problem } from '@meltemi/base';

import { CODE } from '../problem-code.ts';
import type { Workload } from '../workload.ts';
import type { Subject } from './analyzer.ts';
import { findingAt } from './finding.ts';
import { isControlPlane, PROXY } from './in-mesh.ts';

const USER = 1337;
const message = `the user ${USER} is the proxy's: nothing captures the connections of this application`;

export function analyzeProxyUser({ world }: Subject): Problem[] {
  return world.workloads
    .filter(({ resource }) => !isControlPlane(resource.metadata.labels))
    .flatMap((workload) => {
      const path = userPath(workload);
      return path ? [findingAt(workload.resource, path, { code: CODE.proxyUser, message })] : [];
    });
}

function userPath({ spec, path }: Workload): string | undefined {
  if (spec.securityContext?.runAsUser === USER) return `${path}.securityContext.runAsUser`;
  const index = spec.containers.findIndex(
    ({ name, securityContext }) => name !== PROXY && name !== 'istio-operator' && securityContext?.runAsUser === USER,
  );
  return index < 0 ? undefined : `${path}.containers[${index}].securityContext.runAsUser`;
}
