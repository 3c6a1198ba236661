// Where a mesh on this machine keeps what it must: one directory, given by the directory of its configuration.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of one mesh. Everything is below `root`; nothing is kept elsewhere but claims of ports. */
export interface StateDirectory {
  readonly root: string;
  /** The running mesh, as JSON (`MeshState`). Absent when no mesh runs. */
  readonly stateFile: string;
  readonly logs: string;
  /** Pods as a kubelet would report them, one YAML file each. */
  readonly pods: string;
  /** What was good of each configuration file. */
  readonly lastGood: string;
  /** Configuration of the mesh's own. */
  readonly defaults: string;
  /** The CA's root and key. */
  readonly ca: string;
  /** One directory a pod: token, bootstrap, sockets. */
  readonly workloads: string;
  /** Key set that verifies the workloads' tokens. */
  readonly tokenKeys: string;
}

/** The state directory of a mesh; creates it, readable by its owner only. */
export function openStateDirectory(root: string): StateDirectory {
  const directory: StateDirectory = {
    root,
    stateFile: join(root, 'mesh.json'),
    logs: join(root, 'logs'),
    pods: join(root, 'pods'),
    lastGood: join(root, 'last-good'),
    defaults: join(root, 'defaults'),
    ca: join(root, 'ca'),
    workloads: join(root, 'workloads'),
    tokenKeys: join(root, 'token-keys.json'),
  };
  for (const path of [directory.root, directory.logs, directory.pods, directory.ca, directory.workloads]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }
  return directory;
}
