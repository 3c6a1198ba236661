// Builds the tools of the Go module beside this package, once for each state of its go.sum, into the user's cache.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MODULE = join(import.meta.dirname, '../go');
/** Istio's template of a sidecar's bootstrap, which lies beside the tools. */
export const BOOTSTRAP_TEMPLATE = 'envoy_bootstrap.json';

/** The folder of the tools: about ten minutes on two cores the first time. Rejects with Go's last words. */
export async function installGoTools(cache: string): Promise<string> {
  const sum = createHash('sha256')
    .update(await readFile(join(MODULE, 'go.sum')))
    .digest('hex');
  const folder = join(cache, `go-tools-${sum.slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  const building = `${folder}.${process.pid}`;
  await mkdir(building, { recursive: true });
  try {
    const env = { ...process.env, GOBIN: building, GOFLAGS: '-buildvcs=false -mod=readonly' };
    const options = { cwd: MODULE, env, maxBuffer: 1 << 24 };
    await run('go', ['install', '-ldflags=-s -w', 'tool'], options);
    const { stdout } = await run('go', ['list', '-m', '-f', '{{.Dir}}', 'istio.io/istio'], options);
    const template = join(stdout.trim(), 'tools/packaging/common', BOOTSTRAP_TEMPLATE);
    await copyFile(template, join(building, BOOTSTRAP_TEMPLATE));
    // In place in one step, so that half of them are never found.
    await rename(building, folder);
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    if (existsSync(folder)) return folder;
    throw lastWords(error as Error & { readonly stderr?: string });
  }
  return folder;
}

function lastWords(error: Error & { readonly stderr?: string }): Error {
  return new Error(error.stderr?.trim().split('\n').at(-1) ?? error.message, { cause: error });
}
