// Runs our proxy as a process of its own on a static bootstrap, for the time of a test.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '@bufbuild/protobuf';

const PROXY = fileURLToPath(import.meta.resolve('../../bin/proxy.ts'));

export interface ProxyProcess {
  stop(): Promise<void>;
}

/** One whose process a test looks at. */
export interface KnownProcess extends ProxyProcess {
  readonly pid: number;
  /** SIGTERM. Resolves when it has drained and ended, with its exit code. */
  terminate(): Promise<number | null>;
}

/** `drain`: its flags. Resolves when it listens. It ends with this process, whose message channel it watches, or by `signal`. */
export async function startProxyProcess(
  bootstrap: JsonObject,
  signal?: AbortSignal,
  drain: readonly string[] = ['--drain-time-s', '1'],
): Promise<KnownProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-proxy-'));
  const file = join(directory, 'bootstrap.json');
  writeFileSync(file, JSON.stringify(bootstrap));
  const args = ['-c', file, '-l', 'error', ...drain, '--concurrency', '1'];
  const child = spawn(process.execPath, [PROXY, ...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  const ready = once(child, 'message');
  const end = () => {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };
  signal?.addEventListener('abort', end, { once: true });
  try {
    await Promise.race([ready, exited.then(([code]) => Promise.reject(new Error(`the proxy ended with ${code}`)))]);
  } catch (error) {
    end();
    throw error;
  }
  return {
    pid: child.pid!,
    async terminate() {
      child.kill('SIGTERM');
      await exited;
      return child.exitCode;
    },
    async stop() {
      end();
      await exited;
    },
  };
}
