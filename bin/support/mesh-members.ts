// Turns the state of a mesh on this machine into what the console wants to know of it.
import type { MeshMembers, MeshWorkload } from '@meltemi/console';
import type { MeshState } from '@meltemi/local';

/** Undefined: no mesh runs. */
export function meshMembers(state: MeshState | undefined): MeshMembers | undefined {
  if (!state) return undefined;
  const { status, problems } = state;
  const workloads = status.workloads.map((workload): MeshWorkload => {
    const { name, namespace, service, version, pod, phase, sidecar } = workload;
    const outbound = state.outbound[name] ?? {};
    return { name, namespace, service, version, pod, kind: 'workload', state: phase, admin: sidecar.admin, outbound };
  });
  const { http, metrics } = status.controlPlane;
  return {
    workloads: [...workloads, gatewayOf(status.ingress)],
    controlPlane: { http, metrics },
    problems,
    configDirectory: status.configDirectory,
    stateDirectory: status.stateDirectory,
  };
}

function gatewayOf({ pid, admin }: MeshState['status']['ingress']): MeshWorkload {
  const name = 'istio-ingressgateway';
  return {
    name,
    namespace: 'istio-system',
    service: name,
    version: '',
    pod: name,
    kind: 'gateway',
    state: pid > 0 ? 'running' : 'starting',
    admin,
    outbound: {},
  };
}
