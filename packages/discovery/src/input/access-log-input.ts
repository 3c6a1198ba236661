// The mesh's access log as listeners are told of it.
import type { MeshSettings } from '../mesh.ts';
import type { AccessLogInput } from './listener-input.ts';

export function accessLogInput(mesh: MeshSettings): AccessLogInput {
  return { file: mesh.accessLogFile, format: mesh.accessLogFormat };
}
