// The sources as they are → a bundle of our programs, as `./mesh` runs them.
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const root = dirname(dirname(import.meta.dirname));

/** The folder of the bundle. */
export async function bundleSources(target: string): Promise<string> {
  await promisify(execFile)(process.execPath, [join(root, 'tools/bundle.ts'), target]);
  return target;
}
