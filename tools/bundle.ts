// `node tools/bundle.ts DIRECTORY`: the programs of bin/ → the same programs in few files, which start in half the time,
// and the console's page.
import { copyFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { mkdtemp, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = process.argv[2]!;
/** Bundles of older sources may still run; they are removed when they are this old. */
const KEPT_MS = 24 * 3_600_000;

const temporary = await mkdtemp(`${target}.`);
await build({
  absWorkingDir: root,
  entryPoints: readdirSync(join(root, 'bin'))
    .filter((name) => /^[^.]+\.ts$/.test(name))
    .map((name) => `bin/${name}`),
  outdir: temporary,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  sourcemap: 'linked',
  legalComments: 'none',
  logLevel: 'warning',
  // CommonJS packages inside (grpc-js) call require for Node's own modules.
  banner: { js: "import{createRequire as _require}from'node:module';const require=_require(import.meta.url);" },
});
await bundlePage(join(temporary, 'console'));
await rename(temporary, target).catch((error: NodeJS.ErrnoException) => {
  // Another call was quicker; its bundle is of the same sources.
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  rmSync(temporary, { recursive: true });
});
removeOld(dirname(target));

/** The console's page, for browsers: `page.js`, `page.css`, `index.html`. */
async function bundlePage(outdir: string): Promise<void> {
  const page = join(root, 'packages/console/page');
  await build({
    entryPoints: [join(page, 'page.tsx'), join(page, 'page.css')],
    outdir,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2022'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
  });
  copyFileSync(join(page, 'index.html'), join(outdir, 'index.html'));
}

function removeOld(directory: string): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (path !== target && Date.now() - statSync(path).mtimeMs > KEPT_MS)
      rmSync(path, { recursive: true, force: true });
  }
}
