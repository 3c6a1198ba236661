// Runs a real Envoy on a static bootstrap for the time of a test.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { JsonObject } from '@bufbuild/protobuf';

/** The program that `./mesh test` sets up; undefined where it could not. */
export const envoyProgram: string | undefined = process.env['MELTEMI_ENVOY'];

/** For a test's `skip`: false, or why it is left out. */
export const withoutEnvoy: string | false = envoyProgram ? false : 'MELTEMI_ENVOY names no Envoy';

const START_DEADLINE_MS = 15_000;
/** What Envoy logs when its listeners accept connections. */
const STARTED = /starting main dispatch loop/;
/** The end of the log that the error shows. */
const LOG_LINES = 20;

export interface RunningEnvoy {
  stop(): Promise<void>;
}

/** Resolves when it listens. Rejects with the end of its log when it does not. It never outlives this process's exit, nor `signal`. */
export async function startEnvoy(bootstrap: JsonObject, signal?: AbortSignal): Promise<RunningEnvoy> {
  if (!envoyProgram) throw new Error('MELTEMI_ENVOY names no Envoy');
  const directory = mkdtempSync(join(tmpdir(), 'mesh-envoy-'));
  const file = join(directory, 'bootstrap.json');
  writeFileSync(file, JSON.stringify(bootstrap));
  const quickLogs = ['--file-flush-interval-msec', '100'];
  const args = ['-c', file, '--concurrency', '1', '--disable-hot-restart', '-l', 'info', ...quickLogs];
  const child = spawn(envoyProgram, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit').catch(() => undefined);
  const end = () => {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };
  const release = atExit(end);
  signal?.addEventListener('abort', end, { once: true });
  const stop = async () => {
    end();
    await exited;
    release();
  };
  try {
    await started(child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

/** Runs `end` when this process exits; the result takes that back. */
function atExit(end: () => void): () => void {
  // The test runner ends a file that takes too long by SIGTERM, which by itself runs no exit handlers.
  const leave = () => process.exit(1);
  process.once('exit', end);
  process.once('SIGTERM', leave);
  process.once('SIGINT', leave);
  return () => {
    process.off('exit', end);
    process.off('SIGTERM', leave);
    process.off('SIGINT', leave);
  };
}

function started(child: ChildProcess): Promise<void> {
  const log: string[] = [];
  return new Promise((resolve, reject) => {
    const fail = (what: string) => {
      clearTimeout(deadline);
      reject(new Error(`envoy ${what}:\n${log.join('\n')}`));
    };
    const deadline = setTimeout(() => fail(`did not start in ${START_DEADLINE_MS} ms`), START_DEADLINE_MS);
    child.once('error', (error) => fail(error.message));
    child.once('close', (code) => fail(`ended with code ${code}`));
    createInterface({ input: child.stderr! }).on('line', (line) => {
      log.push(line);
      if (log.length > LOG_LINES) log.shift();
      if (!STARTED.test(line)) return;
      clearTimeout(deadline);
      resolve();
    });
  });
}
