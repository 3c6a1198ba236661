// `./mesh bench NAME [flags]`: sets up the peers and runs one paired measurement.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchComponents, components, setUpComponent } from '@meltemi/testkit';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [name = '', ...flags] = process.argv.slice(2);
const file = join(root, 'bench', `${name}.ts`);

if (!/^[a-z0-9-]+$/.test(name) || !existsSync(file)) {
  const names = readdirSync(join(root, 'bench')).flatMap((entry) => /^(.+)\.ts$/.exec(entry)?.[1] ?? []);
  process.stderr.write(`usage: ./mesh bench NAME [--json]; NAME is one of: ${names.join(', ')}\n`);
  process.exitCode = 64;
} else {
  const environment: Record<string, string | undefined> = { ...process.env };
  for (const component of [...components, ...benchComponents]) {
    environment[component.variable] = await setUpComponent(component);
  }
  const child = spawn(process.execPath, [file, ...flags], { stdio: 'inherit', env: environment });
  process.exitCode = await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}
