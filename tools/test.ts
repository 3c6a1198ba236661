// `./mesh test [PATTERN…]`: sets up the real components that tests want, then runs all tests, or those of the patterns.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Component, components, setUpComponent } from '@meltemi/testkit';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ALL = ['packages/*/src/**/*.test.ts', 'bin/*.test.ts', 'tools/*.test.ts', 'test/**/*.test.ts'];
/** Of one run; it takes about four minutes. */
const DEADLINE_MS = 20 * 60_000;
const patterns = process.argv.slice(2);
const mustHaveAll = process.env['CI'] === 'true';

const environment: Record<string, string | undefined> = { ...process.env };
const missing: string[] = [];
for (const component of components) await prepare(component);
if (missing.length > 0) process.stdout.write(`left out, because it could not be set up: ${missing.join(', ')}\n`);

if (missing.length > 0 && mustHaveAll) {
  process.stdout.write('with CI=true nothing may be left out\n');
  process.exitCode = 1;
} else {
  process.exitCode = await runTests();
}

async function prepare(component: Component): Promise<void> {
  try {
    environment[component.variable] = await setUpComponent(component);
  } catch (error) {
    missing.push(`${component.name} (${(error as Error).message})`);
  }
}

/** Tests measure and wait on a machine that others use too: those that failed get one more try, and the output says so. */
async function runTests(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'meltemi-tests-'));
  try {
    const first = await runOnce(join(folder, 'state'));
    if (first === 0) return 0;
    process.stdout.write('\nthe tests that failed run once more; those that passed are not repeated\n\n');
    return await runOnce(join(folder, 'state'), ['--test-force-exit']);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `state` remembers which tests have passed. */
function runOnce(state: string, more: readonly string[] = []): Promise<number> {
  const files = patterns.length > 0 ? patterns : ALL;
  const flags = ['--test-concurrency=2', '--test-timeout=300000', `--test-rerun-failures=${state}`];
  const child = spawn(process.execPath, ['--test', ...flags, ...more, ...files], {
    cwd: root,
    stdio: 'inherit',
    env: environment,
  });
  // A file that left something open would never end: the run counts as failed.
  const deadline = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
  return new Promise((resolve) =>
    child.once('exit', (code) => {
      clearTimeout(deadline);
      resolve(code ?? 1);
    }),
  );
}
