// Holds the project to ARCHITECTURE.md: who may import whom, no cycles, and where clock, chance and environment come from.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const packages = readdirSync(join(root, 'packages'));

interface SourceFile {
  readonly path: string;
  readonly package: string;
  readonly isTest: boolean;
  readonly text: string;
  readonly imports: readonly string[];
}

/** An import or export declaration at the start of a line, or an import() anywhere. */
const IMPORT = /^(?:import|export)\b[^'`;]*?\bfrom '([^'\n]+)';$|^import '([^'\n]+)';$|\bimport\('([^'\n]+)'\)/gm;

const files = packages.flatMap((name) => sourceFiles(name));
const allowed = allowedImports();

test('the table names every package, and only those', () => {
  assert.deepEqual([...allowed.keys()].sort(), [...packages].sort());
});

test('packages import only what the table allows', () => {
  let seen = 0;
  const wrong: string[] = [];
  for (const file of files) {
    for (const specifier of file.imports) {
      const target = /^@meltemi\/([^/]+)/.exec(specifier)?.[1];
      if (target === undefined) continue;
      seen++;
      if (file.isTest && target === 'testkit') continue;
      if (target === file.package || !allowed.get(file.package)!.has(target)) wrong.push(`${file.path} → ${specifier}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(seen > 20, `only ${seen} imports between packages were seen`);
});

test('each package declares the packages that it imports', () => {
  const wrong: string[] = [];
  for (const name of packages) {
    const declared = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as {
      dependencies?: object;
      devDependencies?: object;
    };
    const known = new Set([
      ...Object.keys(declared.dependencies ?? {}),
      ...Object.keys(declared.devDependencies ?? {}),
    ]);
    for (const file of files.filter((file) => file.package === name && !file.isTest)) {
      for (const specifier of file.imports) {
        if (/^(\.|node:)/.test(specifier)) continue;
        const dependency = specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/');
        if (!known.has(dependency)) wrong.push(`${file.path} → ${dependency}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('no file imports itself through others, types included, nor its own index', () => {
  const graph = new Map(files.map((file) => [file.path, localImports(file)]));
  const cycles: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'done') return;
    if (state.get(path) === 'open') return void cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
    state.set(path, 'open');
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    state.set(path, 'done');
  };
  for (const path of graph.keys()) visit(path, []);
  assert.deepEqual(cycles, []);
  const throughIndex = files.filter((file) => localImports(file).includes(`packages/${file.package}/src/index.ts`));
  assert.deepEqual(
    throughIndex.filter((file) => !file.isTest).map((file) => file.path),
    [],
  );
  assert.ok([...graph.values()].flat().length > 50, 'hardly any imports between files were seen');
});

test('environment, arguments, clock and chance are taken in bin/ alone', () => {
  const taken = /\bprocess\.(env|argv)\b|\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/;
  const wrong = files.filter(
    (file) => !file.isTest && file.package !== 'testkit' && taken.test(withoutComments(file.text)),
  );
  assert.deepEqual(
    wrong.map((file) => file.path),
    [],
  );
});

test('every file begins with a sentence that says what it is', () => {
  const wrong = files.filter((file) => !/^(\/\/ |\/\*\*? )\S/.test(file.text) && !file.isTest);
  assert.deepEqual(
    wrong.map((file) => file.path),
    [],
  );
});

/** The rows `| `name` | what it is | may import |` of ARCHITECTURE.md; `any` stands for all packages. */
function allowedImports(): ReadonlyMap<string, ReadonlySet<string>> {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const table = text.slice(text.indexOf('| package | what it is | may import |')).split('\n\n')[0]!;
  const rows = [...table.matchAll(/^\| `(\w+)` \| .+ \| (.+) \|$/gm)];
  return new Map(
    rows.map(([, name, list]) => [
      name!,
      new Set(list === 'any' ? packages : list!.split(' ').filter((word) => word !== '–')),
    ]),
  );
}

function sourceFiles(name: string): readonly SourceFile[] {
  const folder = join(root, 'packages', name, 'src');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      const code = withoutComments(text);
      const imports = [...code.matchAll(IMPORT)].map((match) => (match[1] ?? match[2] ?? match[3])!);
      const path = relative(root, join(folder, file));
      return { path, package: name, isTest: /\.(test|test-support|testing|fixture)\.ts$/.test(file), text, imports };
    });
}

function localImports(file: SourceFile): readonly string[] {
  return file.imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => relative(root, resolve(root, dirname(file.path), specifier)));
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}
