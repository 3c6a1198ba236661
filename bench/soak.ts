// `./mesh soak [MINUTES]`: two sidecars under mixed traffic while everything about them changes; a summary, and 1 when anything failed or grew.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { soakReport } from './soak/report.ts';
import { runSoak } from './soak/soak.ts';

const DEFAULT_MINUTES = '30';

const minutes = Number(process.argv[2] ?? DEFAULT_MINUTES);
if (!(minutes > 0)) {
  process.stderr.write('usage: ./mesh soak [MINUTES]\n');
  process.exitCode = 64;
} else {
  const directory = mkdtempSync(join(tmpdir(), 'soak-'));
  const onProgress = (line: string) => void process.stderr.write(`${line}\n`);
  const { text, missed } = soakReport(await runSoak({ seconds: minutes * 60, directory, onProgress }));
  process.stdout.write(text);
  if (missed.length === 0) rmSync(directory, { recursive: true });
  else process.stdout.write(`logs: ${directory}\n`);
  process.exitCode = missed.length === 0 ? 0 : 1;
}
