// Configuration that a mesh on this machine has of its own: its sidecars count requests, and wait to be tapped by the console.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { StateDirectory } from './state-directory.ts';
import { writePrivateFile } from './workload-token.ts';

export interface MeshDefaults {
  /** The sidecars know Istio's filters; an Envoy as it is published does not. */
  readonly metrics: boolean;
  readonly taps: boolean;
}

export interface MeshDefaultFiles {
  readonly meshConfig: string;
  /** A directory of objects beside the user's. */
  readonly objects: string;
}

/** By which the console asks for taps. */
const TAP_ID = 'console';

export function writeMeshDefaults(state: StateDirectory, defaults: MeshDefaults): MeshDefaultFiles {
  const files = { meshConfig: join(state.defaults, 'mesh.json'), objects: join(state.defaults, 'objects') };
  mkdirSync(files.objects, { recursive: true, mode: 0o700 });
  const meshConfig = defaults.metrics ? { defaultProviders: { metrics: ['prometheus'] } } : {};
  writePrivateFile(files.meshConfig, JSON.stringify(meshConfig));
  writePrivateFile(join(files.objects, 'console-taps.yaml'), defaults.taps ? JSON.stringify(tapFilter()) : '');
  return files;
}

/** First of all filters: what others refuse is seen, too. */
function tapFilter(): object {
  const manager = { filterChain: { filter: { name: 'envoy.filters.network.http_connection_manager' } } };
  const tap = {
    name: 'envoy.filters.http.tap',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.tap.v3.Tap',
      common_config: { admin_config: { config_id: TAP_ID } },
      record_headers_received_time: true,
    },
  };
  const patch = { operation: 'INSERT_FIRST', value: tap };
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: 'console-taps', namespace: 'istio-system' },
    spec: {
      priority: 1000,
      configPatches: [{ applyTo: 'HTTP_FILTER', match: { context: 'ANY', listener: manager }, patch }],
    },
  };
}
