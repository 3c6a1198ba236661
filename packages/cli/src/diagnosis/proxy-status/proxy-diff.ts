// istioctl proxy-status NAME: what a proxy has against what the control plane means it to have.
import type { JsonValue } from '@bufbuild/protobuf';
import type { Terminal } from '../../terminal.ts';
import { type ConfigDump, readConfigDump } from '../config-dump.ts';
import { fetchJson } from '../fetch-json.ts';
import { printData } from '../print-json.ts';
import { type Difference, diffResources } from './resource-diff.ts';

export interface DiffOptions {
  /** NAME.NAMESPACE of the proxy's pod. */
  readonly proxyId: string;
  /** `host:port` of its admin pages. */
  readonly admin: string;
  /** `host:port` of the control plane. */
  readonly http: string;
  readonly output: string;
}

interface Compared {
  readonly title: string;
  readonly differences: readonly Difference[];
}

/** Answers whether all is the same. */
export async function proxyDiff({ proxyId, admin, http, output }: DiffOptions, terminal: Terminal): Promise<boolean> {
  const [has, meant] = await Promise.all([
    fetchJson(admin, '/config_dump?include_eds'),
    fetchJson(http, `/debug/config_dump?proto_field_names&proxyID=${encodeURIComponent(proxyId)}`),
  ]);
  const compared = compareDumps(readConfigDump(has), readConfigDump(meant));
  if (output === 'table') terminal.out(compared.map(comparedText).join(''));
  else printData(compared, output, terminal);
  return compared.every(({ differences }) => differences.length === 0);
}

/** What stands in the bootstrap is not the control plane's. */
export function compareDumps(has: ConfigDump, meant: ConfigDump): readonly Compared[] {
  const own = staticNames(has);
  const clusters = has.clusters.filter(({ name }) => !own.has(name));
  return [
    { title: 'Clusters', differences: diffResources(byName(clusters), byName(meant.clusters)) },
    { title: 'Listeners', differences: diffResources(byName(has.listeners), byName(meant.listeners)) },
    { title: 'Routes', differences: diffResources(byName(has.routes), byName(meant.routes)) },
  ];
}

function staticNames({ bootstrap }: ConfigDump): ReadonlySet<string> {
  const resources = bootstrap['static_resources'] as { clusters?: readonly { name?: string }[] } | undefined;
  return new Set((resources?.clusters ?? []).map(({ name }) => name ?? ''));
}

function byName(resources: readonly { readonly name: string }[]): ReadonlyMap<string, JsonValue> {
  return new Map(resources.map((resource) => [resource.name, resource as unknown as JsonValue]));
}

function comparedText({ title, differences }: Compared): string {
  if (differences.length === 0) return `${title} Match\n`;
  return `${title} Don't Match\n${differences.map(differenceText).join('')}`;
}

function differenceText({ resource, path, proxy, controlPlane }: Difference): string {
  if (path === '') {
    const where = proxy === undefined ? 'the proxy does not have it' : 'the control plane does not have it';
    return `  ${resource}: ${where}\n`;
  }
  return `  ${resource}: ${path}\n    - control plane: ${shown(controlPlane)}\n    + proxy:         ${shown(proxy)}\n`;
}

const shown = (value: JsonValue | undefined): string => (value === undefined ? 'nothing' : JSON.stringify(value));
