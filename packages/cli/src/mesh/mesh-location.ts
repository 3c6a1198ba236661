// Finds a mesh's directories from what the user said: one directory of configuration, with the state below it.
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface MeshLocation {
  readonly configDirectory: string;
  readonly stateDirectory: string;
}

/** `--dir DIR` means DIR and DIR/.mesh; without it the checkout's `.mesh/config` and `.mesh`. */
export function meshLocation(root: string, dir: string | undefined): MeshLocation {
  if (dir === undefined) return { configDirectory: join(root, '.mesh/config'), stateDirectory: join(root, '.mesh') };
  const configDirectory = resolve(dir);
  return { configDirectory, stateDirectory: join(configDirectory, '.mesh') };
}

/** Fills an absent or empty default directory with the sample application; a directory of the user's own is left alone. */
export function seedConfigDirectory(location: MeshLocation, root: string, dir: string | undefined): void {
  if (dir !== undefined) {
    if (!existsSync(location.configDirectory))
      throw new Error(`the directory ${location.configDirectory} does not exist`);
    return;
  }
  mkdirSync(location.configDirectory, { recursive: true });
  if (readdirSync(location.configDirectory).length > 0) return;
  const samples = join(root, 'samples/bookinfo');
  for (const file of readdirSync(samples).filter((name) => name.endsWith('.yaml'))) {
    cpSync(join(samples, file), join(location.configDirectory, file));
  }
}
