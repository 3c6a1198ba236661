// A mesh on this machine: schedule → place → supervise → report.
export { applicationCommand, type Command } from './application-environment.ts';
export { followLogs, type LogSource } from './follow-log.ts';
export { Mesh, MeshError, type MeshOptions } from './mesh.ts';
export { type MeshState, type MeshStatus, readMeshState, type WorkloadStatus } from './mesh-state.ts';
export { isSameProcess, type ProcessIdentity } from './process-identity.ts';
export { runningMeshes } from './running-meshes.ts';
export { openStateDirectory, type StateDirectory } from './state-directory.ts';
export { alignColumns, type Paint, statusTable } from './status-table.ts';
