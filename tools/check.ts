// `./mesh check`: format, lint, types and architecture; says all that is wrong, not only the first.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const steps: readonly (readonly [string, readonly string[]])[] = [
  ['format', ['oxfmt', '--check']],
  ['lint', ['oxlint', '--type-aware', '--deny-warnings']],
  ['types', ['tsc', '--project', '.']],
  ['types of the page', ['tsc', '--project', 'packages/console/page']],
  ['architecture', ['node', '--test', 'tools/architecture.test.ts']],
];

const failed: string[] = [];
for (const [name, [command, ...args]] of steps) {
  const { status, stdout, stderr } = spawnSync(command!, args, { cwd: root, encoding: 'utf8' });
  process.stdout.write(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}\n`);
  if (status === 0) continue;
  failed.push(name);
  process.stdout.write(`${stdout}${stderr}\n`);
}
if (failed.length > 0) {
  process.stdout.write(
    `\nfailed: ${failed.join(', ')}${failed.includes('format') ? ' (npx oxfmt mends the format)' : ''}\n`,
  );
  process.exitCode = 1;
}
