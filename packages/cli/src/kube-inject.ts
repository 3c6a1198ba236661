// istioctl kube-inject: Kubernetes objects from a file → the same with sidecars. Flags of Istio 0.1, 0.2 and 1.0.
import { readFile, writeFile } from 'node:fs/promises';

import { formatProblem, type Problem } from '@meltemi/base';
import { parseDocuments } from '@meltemi/config';
import { injectText, type InjectSettings, proxySettings, sidecarImages, type TrafficSettings } from '@meltemi/inject';

import { CommandError, EXIT, type Terminal } from './terminal.ts';

export interface KubeInjectOptions {
  /** A file, or - for standard input. */
  readonly filename: string;
  /** A file; undefined for standard output. */
  readonly output: string | undefined;
  readonly hub: string;
  /** Tag of the images; undefined for this version. */
  readonly tag: string | undefined;
  readonly verbosity: number;
  readonly sidecarProxyUid: number;
  readonly setVersionString: string | undefined;
  readonly coreDump: boolean;
  readonly debug: boolean;
  readonly imagePullPolicy: string;
  readonly meshConfigFile: string | undefined;
  readonly meshConfigMapName: string;
  readonly traffic: TrafficSettings;
}

const PULL_POLICIES = ['IfNotPresent', 'Always', 'Never'];

export async function kubeInject(options: KubeInjectOptions, terminal: Terminal): Promise<void> {
  const settings = await injectSettings(options, terminal);
  const input = await readInput(options.filename, terminal);
  const { text, problems } = injectText(input, settings, options.filename === '-' ? '<stdin>' : options.filename);
  refuseAll(problems, terminal);
  if (options.output === undefined) return terminal.out(text);
  await writeFile(options.output, text);
}

async function injectSettings(options: KubeInjectOptions, terminal: Terminal): Promise<InjectSettings> {
  const { hub, verbosity, sidecarProxyUid, coreDump, debug, imagePullPolicy, meshConfigMapName, traffic } = options;
  if (!PULL_POLICIES.includes(imagePullPolicy)) {
    throw new CommandError(`--imagePullPolicy ${imagePullPolicy}: expected ${PULL_POLICIES.join(', ')}`, EXIT.usage);
  }
  return {
    policy: 'enabled',
    ...sidecarImages({ hub, tag: options.tag ?? terminal.version, debug }),
    version: options.setVersionString ?? terminal.version,
    verbosity,
    sidecarProxyUid,
    coreDump,
    debug,
    imagePullPolicy,
    meshConfigMapName,
    traffic,
    proxy: await proxyOf(options.meshConfigFile, terminal),
  };
}

/** Without a file the defaults hold: there is no cluster to ask here. */
async function proxyOf(file: string | undefined, terminal: Terminal): Promise<InjectSettings['proxy']> {
  if (file === undefined) return proxySettings({}).proxy;
  const { documents, problems } = parseDocuments(await readInput(file, terminal), file);
  const read = proxySettings(documents[0]?.value);
  refuseAll([...problems, ...read.problems], terminal);
  return read.proxy;
}

async function readInput(file: string, terminal: Terminal): Promise<string> {
  if (file === '-') return terminal.readStdin();
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandError(code === 'ENOENT' ? `${file}: no such file` : message, EXIT.failed, { cause: error });
  }
}

function refuseAll(problems: readonly Problem[], terminal: Terminal): void {
  for (const problem of problems) terminal.error(`${formatProblem(problem)}\n`);
  if (problems.length > 0) throw new CommandError('nothing was injected');
}
