// Runs a real Prometheus, with its samples in a folder of its own, for the time of a test.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ready } from './ready.ts';

export interface RunningPrometheus {
  /** The `data` of its API's answer. Rejects with its words when it refuses: a bad query. */
  ask(path: string, query: Readonly<Record<string, string>>): Promise<unknown>;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  readonly program: string;
  readonly port: number;
  /** Where it asks what to scrape (`http_sd_configs`); it does so each second, and scrapes each second. */
  readonly targets: string;
}

/** Rejects when it is not ready within half a minute. It never outlives this process's exit. */
export async function startPrometheus({ program, port, targets }: PrometheusOptions): Promise<RunningPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  const discovery = [{ url: targets, refresh_interval: '1s' }];
  const scrape = [{ job_name: 'mesh', http_sd_configs: discovery }];
  const config = { global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: scrape };
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const flags = {
    'config.file': join(folder, 'prometheus.yml'),
    'storage.tsdb.path': join(folder, 'data'),
    'web.listen-address': `127.0.0.1:${port}`,
  };
  const child = spawn(
    program,
    Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    { stdio: 'ignore' },
  );
  const exited = once(child, 'exit').catch(() => undefined);
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    kill();
    await exited;
    process.off('exit', kill);
    rmSync(folder, { recursive: true, force: true });
  };
  const address = `http://127.0.0.1:${port}`;
  try {
    await ready(`${address}/-/ready`, { name: 'prometheus', exitCode: () => child.exitCode, deadlineMs: 30_000 });
  } catch (error) {
    await stop();
    throw error;
  }
  return { ask: (path, query) => askApi(`${address}/api/v1/${path}`, query), stop };
}

async function askApi(url: string, query: Readonly<Record<string, string>>): Promise<unknown> {
  const answer = (await (await fetch(url, { method: 'POST', body: new URLSearchParams(query) })).json()) as {
    readonly data?: unknown;
    readonly error?: string;
  };
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer.data;
}
