// istioctl proxy-config: what one proxy has, as tables, JSON or YAML.
import type { JsonValue } from '@bufbuild/protobuf';
import { alignColumns } from '@meltemi/local';
import { CommandError, type Terminal } from '../../terminal.ts';
import { camelKeys } from '../camel-keys.ts';
import type { ConfigDump } from '../config-dump.ts';
import { printData, requireOutput } from '../print-json.ts';
import { type ProxySource, proxySource, type SourceOptions } from '../proxy-source.ts';
import { bootstrapTable } from './bootstrap-summary.ts';
import { clusterTable, keepCluster } from './cluster-table.ts';
import { endpointTable, keepEndpoints } from './endpoint-table.ts';
import type { ClusterFilter, EndpointFilter, ListenerFilter, RouteFilter } from './filters.ts';
import { keepListener, listenerTable } from './listener-table.ts';
import { keepRoutes, routeTable } from './route-table.ts';
import { secretTable } from './secret-table.ts';

export type ProxyConfigKind = 'cluster' | 'listener' | 'route' | 'endpoint' | 'bootstrap' | 'secret' | 'all';

export type ProxyConfigFilter = ClusterFilter & ListenerFilter & RouteFilter & EndpointFilter;

export interface ProxyConfigOptions extends SourceOptions {
  readonly kind: ProxyConfigKind;
  readonly output: string;
  readonly filter: ProxyConfigFilter;
}

/** What a table shows, and the messages behind it. */
interface Shown {
  readonly rows: readonly (readonly string[])[];
  readonly data: unknown;
}

const SHOW: Readonly<
  Record<
    Exclude<ProxyConfigKind, 'all'>,
    (source: ProxySource, filter: ProxyConfigFilter, now: number) => Promise<Shown>
  >
> = {
  cluster: async (source, filter) => {
    const data = (await source.dump()).clusters.filter((cluster) => keepCluster(cluster, filter));
    return { rows: clusterTable(data), data };
  },
  listener: async (source, filter) => {
    const data = (await source.dump()).listeners.filter((listener) => keepListener(listener, filter));
    return { rows: listenerTable(data), data };
  },
  route: async (source, filter) => {
    const { routes, inlineRoutes } = await source.dump();
    const data = [...routes, ...inlineRoutes].filter((each) => keepRoutes(each, filter));
    return { rows: routeTable(data), data };
  },
  endpoint: async (source, filter) => {
    const clusters = await source.endpoints();
    if (!clusters) throw new CommandError(`${source.title} has no endpoints: save config_dump?include_eds`);
    const data = keepEndpoints(clusters, filter);
    return { rows: endpointTable(data), data };
  },
  bootstrap: async (source) => {
    const { bootstrap } = await source.dump();
    return { rows: bootstrapTable(bootstrap), data: { bootstrap } };
  },
  secret: async (source, _filter, now) => {
    const { secrets } = await source.dump();
    return { rows: secretTable(secrets, now), data: secretData(secrets) };
  },
};

export async function proxyConfig(options: ProxyConfigOptions, terminal: Terminal): Promise<void> {
  requireOutput(options.output, ['short', 'json', 'yaml']);
  const source = proxySource(options, terminal);
  if (options.kind === 'all') return showAll(source, options, terminal);
  const { rows, data } = await SHOW[options.kind](source, options.filter, terminal.clock.now());
  if (options.output === 'short') terminal.out(alignColumns(rows));
  else printData(camelKeys(data as JsonValue), options.output, terminal);
}

async function showAll(source: ProxySource, options: ProxyConfigOptions, terminal: Terminal): Promise<void> {
  if (options.output !== 'short') {
    return printData(camelKeys((await source.dump()).raw), options.output, terminal);
  }
  const kinds = ['cluster', 'listener', 'route', 'endpoint', 'secret'] as const;
  const tables: string[] = [];
  for (const kind of kinds) {
    const { rows } = await SHOW[kind](source, options.filter, terminal.clock.now());
    if (rows.length > 1) tables.push(alignColumns(rows));
  }
  terminal.out(tables.join('\n'));
}

/** The lists of Envoy's SecretsConfigDump. */
function secretData(secrets: ConfigDump['secrets']): unknown {
  const of = (state: 'ACTIVE' | 'WARMING') => {
    return secrets.filter((entry) => entry.state === state).map(({ name, secret }) => ({ name, secret }));
  };
  const warming = of('WARMING');
  return { dynamic_active_secrets: of('ACTIVE'), ...(warming.length > 0 && { dynamic_warming_secrets: warming }) };
}
