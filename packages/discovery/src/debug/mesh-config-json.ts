// The settings in force, by the names that MeshConfig has for them.
// https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/
import type { MeshSettings } from '../mesh.ts';

/** `written`: the MeshConfig as it was read; what it leaves open has the mesh's defaults. */
export function meshConfigJson(mesh: MeshSettings, written: unknown): object {
  const fields = typeof written === 'object' && written !== null ? written : {};
  return {
    connectTimeout: `${mesh.connectTimeoutMs / 1000}s`,
    outboundTrafficPolicy: { mode: mesh.outboundTrafficPolicy },
    trustDomain: mesh.trustDomain,
    rootNamespace: mesh.rootNamespace,
    accessLogFile: mesh.accessLogFile,
    ...fields,
  };
}
