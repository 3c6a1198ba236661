// `./mesh fuzz MINUTES`: fuzzes the parsers for so long; each input that fails is added to its corpus.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const [minutes = '10'] = process.argv.slice(2);
if (!(Number(minutes) > 0)) {
  process.stderr.write(`fuzz: ${minutes} is no number of minutes\n`);
  process.exitCode = 2;
} else {
  const { status } = spawnSync(process.execPath, ['--test', 'packages/wire/src/fuzz/fuzz.test.ts'], {
    cwd: dirname(dirname(fileURLToPath(import.meta.url))),
    env: { ...process.env, MELTEMI_FUZZ_MINUTES: minutes },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}
