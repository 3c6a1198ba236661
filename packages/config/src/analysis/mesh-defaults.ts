// What Istio takes where MeshConfig says nothing.
import type { MeshConfig } from '../model/mesh-config.ts';

export function rootNamespace({ rootNamespace: written }: MeshConfig): string {
  return written || 'istio-system';
}
