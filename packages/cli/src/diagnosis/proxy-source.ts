// Where the diagnosis reads a proxy's configuration from: the mesh that runs here, an address, or a file of a dump.
import { CommandError, EXIT, type Terminal } from '../terminal.ts';
import { type ConfigDump, readConfigDump } from './config-dump.ts';
import { fetchJson, readJson } from './fetch-json.ts';
import { findProxy, meshOf } from './find-proxy.ts';
import { statusesOf } from './proxy-config/endpoint-table.ts';
import type { ClusterStatusJson } from './proxy-json.ts';

export interface SourceOptions {
  /** A workload, pod or service, with or without its namespace. */
  readonly name?: string | undefined;
  readonly namespace: string;
  readonly configDir: string;
  /** `host:port` of admin pages, in the place of a name. */
  readonly admin?: string | undefined;
  /** A saved config_dump (or, for endpoints, clusters page), in the place of a proxy. */
  readonly file?: string | undefined;
}

export interface ProxySource {
  /** How messages call it. */
  readonly title: string;
  dump(): Promise<ConfigDump>;
  /** Clusters with their hosts; undefined where a saved dump has none. */
  endpoints(): Promise<readonly ClusterStatusJson[] | undefined>;
}

/** Throws CommandError when no proxy is named, or none is found. */
export function proxySource(options: SourceOptions, terminal: Terminal): ProxySource {
  if (options.file !== undefined) return savedSource(options.file, terminal);
  if (options.admin !== undefined) return liveSource(options.admin, options.admin);
  if (options.name === undefined) {
    throw new CommandError('name a workload or pod, or give --admin HOST:PORT, or -f DUMP.json', EXIT.usage);
  }
  const proxy = findProxy(meshOf(options.configDir).status, options.name, options.namespace);
  return liveSource(proxy.admin, `${proxy.workload}.${proxy.namespace}`);
}

function liveSource(admin: string, title: string): ProxySource {
  return {
    title,
    dump: async () => readConfigDump(await fetchJson(admin, '/config_dump?include_eds')),
    endpoints: async () => statuses(await fetchJson(admin, '/clusters?format=json')),
  };
}

function savedSource(file: string, terminal: Terminal): ProxySource {
  const json = lazy(() => readJson(file, () => terminal.readStdin()));
  return {
    title: file,
    dump: async () => readConfigDump(await json()),
    endpoints: async () => statuses(await json()) ?? savedEndpoints(readConfigDump(await json())),
  };
}

function statuses(json: unknown): readonly ClusterStatusJson[] | undefined {
  return (json as { cluster_statuses?: readonly ClusterStatusJson[] }).cluster_statuses;
}

/** Hosts of clusters without discovery stand in the clusters. */
function savedEndpoints({ assignments, clusters }: ConfigDump): readonly ClusterStatusJson[] | undefined {
  const named = new Set(assignments.map((assignment) => assignment.cluster_name));
  const written = clusters.flatMap(({ name, load_assignment: assignment }) =>
    assignment && !named.has(name) ? [{ ...assignment, cluster_name: name }] : [],
  );
  const all = statusesOf([...assignments, ...written]);
  return all.length > 0 ? all : undefined;
}

function lazy<T>(read: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | undefined;
  return () => (value ??= read());
}
