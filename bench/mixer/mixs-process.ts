// Runs a server of Mixer's API, which says its port on its IPC channel, for the time of a measurement.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuMicroseconds } from '../support/cpu-time.ts';
import { POLICY } from './requests.ts';

export interface MixerPeer {
  readonly port: number;
  /** Microseconds of CPU since it started. */
  cpu(): number;
  stop(): void;
}

export async function startMixs(): Promise<MixerPeer> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-mixer-'));
  writeFileSync(join(folder, 'policy.yaml'), POLICY);
  const ports = ['port', 'configAPIPort', 'monitoringPort', 'prometheusPort'].flatMap((name) => [`--${name}`, '0']);
  const args = [join(import.meta.dirname, '../../bin/mixs.ts'), 'server', '--configDir', folder, ...ports];
  return startPeer(args, () => rmSync(folder, { recursive: true }));
}

export function startEmptyServer(): Promise<MixerPeer> {
  return startPeer([join(import.meta.dirname, 'empty-server.ts')], () => undefined);
}

async function startPeer(args: readonly string[], cleanUp: () => void): Promise<MixerPeer> {
  const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [{ port }] = (await once(child, 'message')) as [{ readonly port: number }];
  return {
    port,
    cpu: () => cpuMicroseconds(child.pid!),
    stop() {
      child.kill();
      cleanUp();
    },
  };
}
