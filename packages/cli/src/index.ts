// The commands of istioctl and mesh: one file a command.
export { istioctl } from './istioctl.ts';
export { runMeshCommand } from './mesh/mesh-command.ts';
export { configDirectory } from './mesh/running-mesh.ts';
export { CommandError, EXIT, type Terminal } from './terminal.ts';
