// Files and the mesh's own objects → what is analyzed together, with the mesh's settings.
import { readFile } from 'node:fs/promises';

import { hasErrors, type Problem } from '@meltemi/base';
import {
  type ConfigMap,
  decodeMeshConfig,
  decodeResource,
  isSuppressed,
  KINDS,
  type LocatedResource,
  type MeshConfig,
  parseDocuments,
  SUPPRESS,
} from '@meltemi/config';
import { parse } from 'yaml';

import { filesBelow } from '../files-below.ts';
import { openStore } from '../open-store.ts';
import { type Inputs, type ReadDocument, readObjects } from '../read-inputs.ts';
import { CommandError, EXIT, type Terminal } from '../terminal.ts';
import { toldCode } from './message.ts';

export interface InputOptions {
  readonly files: readonly string[];
  /** The namespace of objects that name none. */
  readonly defaultNamespace: string;
  readonly configDir: string;
  /** Whether the files are looked at together with what the mesh has. */
  readonly useStore: boolean;
  readonly meshConfigFile: string | undefined;
}

export interface Analyzed {
  readonly resources: readonly LocatedResource[];
  readonly problems: readonly Problem[];
  readonly mesh: MeshConfig;
}

/** Kubernetes' own namespaces. */
const IGNORED: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage']);

/** Objects of files stand in the place of those that the mesh has under their names. */
export async function readAnalyzed(options: InputOptions, terminal: Terminal): Promise<Analyzed> {
  const given = await readObjects(await filesBelow(options.files), options.defaultNamespace, terminal);
  const stored = options.useStore ? await readStore(options, terminal) : { resources: [], problems: [] };
  const known = [...stored.resources, ...given.resources];
  const mesh = await readMesh(options, known);
  const all = options.useStore ? known : [...ingressGateway(mesh), ...known];
  const unique = new Map(all.map((resource) => [keyOf(resource), resource]));
  return {
    resources: [...unique.values()].filter(isOfMesh),
    // What the view says of objects beside each other is found again; what was refused isn't.
    problems: [...stored.problems, ...unsuppressed(given)],
    mesh,
  };
}

async function readStore(
  { configDir }: InputOptions,
  terminal: Terminal,
): Promise<Pick<Analyzed, 'resources' | 'problems'>> {
  const store = await openStore(configDir, terminal);
  await store.close();
  const view = store.view();
  const resources = KINDS.flatMap(({ kind }): readonly LocatedResource[] => view.objects(kind));
  return { resources, problems: view.problems.filter((problem) => hasErrors([problem])) };
}

const keyOf = ({ kind, metadata }: LocatedResource): string => `${kind}/${metadata.namespace}/${metadata.name}`;

function isOfMesh({ kind, metadata }: LocatedResource): boolean {
  return !IGNORED.has(kind === 'Namespace' ? metadata.name : metadata.namespace);
}

/** A refused object too says what it wants not to be told. */
function unsuppressed({ problems, documents }: Inputs): readonly Problem[] {
  const quiet = new Set(
    documents.flatMap((document) =>
      document.problems.filter((problem) => isSuppressed(toldCode(problem), annotationOf(document))),
    ),
  );
  return problems.filter((problem) => !quiet.has(problem));
}

function annotationOf({ value }: ReadDocument): string | undefined {
  const { metadata } = value as { readonly metadata?: { readonly annotations?: Readonly<Record<string, unknown>> } };
  const annotation = metadata?.annotations?.[SUPPRESS];
  return typeof annotation === 'string' ? annotation : undefined;
}

/** A file, else the ConfigMap `istio` of the mesh's own namespace. */
async function readMesh({ meshConfigFile }: InputOptions, resources: readonly LocatedResource[]): Promise<MeshConfig> {
  const map = resources.find((one) => keyOf(one) === 'ConfigMap/istio-system/istio') as ConfigMap | undefined;
  const text = meshConfigFile === undefined ? map?.data['mesh'] : await readText(meshConfigFile);
  if (text === undefined) return {};
  try {
    return decodeMeshConfig(parse(text)).config;
  } catch (error) {
    const place = meshConfigFile ?? 'ConfigMap istio-system/istio';
    throw new CommandError(`${place}: ${(error as Error).message}`, EXIT.failed, { cause: error });
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandError(`--meshConfigFile ${file}: ${(error as Error).message}`, EXIT.failed, { cause: error });
  }
}

/** What a mesh has of itself, which files about it alone don't speak of. */
function ingressGateway({ ingressControllerMode, ingressService, rootNamespace }: MeshConfig): LocatedResource[] {
  if (ingressControllerMode === 'OFF') return [];
  const name = ingressService || 'istio-ingressgateway';
  const namespace = rootNamespace || 'istio-system';
  const selector = { istio: 'ingressgateway' };
  const ports = [80, 443, 31_400, 15_443].map((port) => ({ name: `tcp-${port}`, port, protocol: 'TCP' }));
  const metadata = { name, namespace, labels: selector };
  const spec = { containers: [{ name: 'istio-proxy', image: 'auto-installed' }] };
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector, ports } },
    { apiVersion: 'v1', kind: 'Pod', metadata, spec },
  ].flatMap((object) => {
    const { documents } = parseDocuments(JSON.stringify(object), 'the mesh');
    return documents.flatMap((document) => decodeResource(document).resource ?? []);
  });
}
