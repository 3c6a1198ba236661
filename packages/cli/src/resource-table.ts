// Objects of one kind → the table that istioctl 1.0 shows of them.
import type { DestinationRule, Gateway, Kind, LocatedResource, ServiceEntry, VirtualService } from '@meltemi/config';

export function resourceTable(kind: Kind, resources: readonly LocatedResource[], now: number): string {
  const columns = columnsOf(kind);
  const rows = resources.map((resource) => [
    resource.metadata.name,
    ...columns.cells(resource.spec),
    resource.metadata.namespace,
    age(resource.metadata.creationTimestamp, now),
  ]);
  return formatTable([['NAME', ...columns.heads, 'NAMESPACE', 'AGE'], ...rows]);
}

/** Columns are as wide as their widest cell, with three blanks between. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** What the kind shows between the name and the namespace. */
interface Columns {
  readonly heads: readonly string[];
  readonly cells: (spec: unknown) => readonly string[];
}

function columnsOf({ kind, groups, versions }: Kind): Columns {
  switch (kind) {
    case 'VirtualService':
      return { heads: ['GATEWAYS', 'HOSTS'], cells: (spec) => virtualServiceCells(spec as VirtualService) };
    case 'DestinationRule':
      return { heads: ['HOST', 'SUBSETS'], cells: (spec) => destinationRuleCells(spec as DestinationRule) };
    case 'Gateway':
      return { heads: ['HOSTS', 'PORTS'], cells: (spec) => gatewayCells(spec as Gateway) };
    case 'ServiceEntry':
      return { heads: ['HOSTS', 'PORTS'], cells: (spec) => serviceEntryCells(spec as ServiceEntry) };
    default: {
      const name = [kind, versions[0], groups[0]].filter((part) => part !== '').join('.');
      return { heads: ['KIND'], cells: () => [name] };
    }
  }
}

const virtualServiceCells = ({ gateways, hosts }: VirtualService) => [join(gateways), join(hosts)];
const destinationRuleCells = ({ host, subsets }: DestinationRule) => [host, join(subsets?.map(({ name }) => name))];
const gatewayCells = ({ servers }: Gateway) => [
  join(servers.flatMap(({ hosts }) => hosts)),
  join(servers.map(({ port }) => String(port.number))),
];
const serviceEntryCells = ({ hosts, ports }: ServiceEntry) => [
  join(hosts),
  join(ports?.map(({ name, number }) => `${name}:${number}`)),
];

const join = (words: readonly string[] | undefined): string => [...new Set(words)].join(',');

/** One unit, as kubectl shows ages. */
function age(created: string, now: number): string {
  const seconds = Math.floor((now - Date.parse(created)) / 1000);
  if (Number.isNaN(seconds)) return '<unknown>';
  if (seconds < 120) return `${Math.max(0, seconds)}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
