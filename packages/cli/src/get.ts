// istioctl get: objects of the store as a table, YAML or JSON.
import {
  type ConfigView,
  type Kind,
  KINDS,
  type LocatedResource,
  objectToYaml,
  resourceToObject,
} from '@meltemi/config';

import { requireKind } from './find-resource.ts';
import { openStore } from './open-store.ts';
import { resourceTable } from './resource-table.ts';
import { sortKeys } from './sort-keys.ts';
import { CommandError, EXIT, type Terminal } from './terminal.ts';

export interface GetOptions {
  readonly type: string;
  readonly name: string | undefined;
  readonly output: string;
  /** Undefined: all. */
  readonly namespace: string | undefined;
  readonly configDir: string;
}

export async function get(options: GetOptions, terminal: Terminal): Promise<void> {
  if (!['short', 'yaml', 'json'].includes(options.output)) {
    throw new CommandError(`unknown output "${options.output}": use short, yaml or json`, EXIT.usage);
  }
  const kinds = options.type === 'all' ? KINDS.filter(({ ours }) => ours) : [requireKind(options.type)];
  const store = await openStore(options.configDir, terminal);
  await store.close();
  const found = kinds.map((kind) => ({ kind, resources: select(store.view(), kind, options) }));
  const present = found.filter(({ resources }) => resources.length > 0);
  if (present.length === 0) {
    if (options.name !== undefined) throw new CommandError(`${kinds[0]!.type} "${options.name}" not found`);
    terminal.error('No resources found.\n');
    return;
  }
  terminal.out(print(present, options.output, terminal.clock.now()));
}

function select(view: ConfigView, { kind }: Kind, { name, namespace }: GetOptions): readonly LocatedResource[] {
  const all: readonly LocatedResource[] = view.objects(kind);
  return all
    .filter(({ metadata }) => name === undefined || metadata.name === name)
    .filter(({ metadata }) => namespace === undefined || metadata.namespace === '' || metadata.namespace === namespace)
    .toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

const sortKey = ({ metadata }: LocatedResource): string => `${metadata.namespace}/${metadata.name}`;

interface Found {
  readonly kind: Kind;
  readonly resources: readonly LocatedResource[];
}

function print(found: readonly Found[], output: string, now: number): string {
  if (output === 'short') return found.map(({ kind, resources }) => resourceTable(kind, resources, now)).join('\n');
  const objects = found.flatMap(({ kind, resources }) => resources.map((resource) => objectOf(kind, resource)));
  if (output === 'json') return `${JSON.stringify(objects.length === 1 ? objects[0] : objects, undefined, 2)}\n`;
  return objects.map((object) => `${objectToYaml(object)}---\n`).join('');
}

/** The rules of Istio 0.2 look as its istioctl printed them, others as kubectl prints. */
function objectOf(kind: Kind, resource: LocatedResource): unknown {
  const { name, namespace, resourceVersion } = resource.metadata;
  if (!kind.legacy) {
    const object = resourceToObject(resource);
    return sortKeys({ ...object, metadata: { ...(object['metadata'] as object), resourceVersion } });
  }
  return sortKeys({ name, namespace, resourceVersion, spec: resource.spec, type: kind.type });
}
