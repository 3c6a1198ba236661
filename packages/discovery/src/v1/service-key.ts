// The key by which v1 names a service's port and version, `host|port|label=value,…`, and the names of clusters.
import { createHash } from 'node:crypto';
import type { Host, Labels } from '@meltemi/base';

export interface ServiceKey {
  readonly host: Host;
  /** Empty for the single port of a service that has no name. */
  readonly port: string;
  readonly labels: Labels;
}

export function formatServiceKey({ host, port, labels }: ServiceKey): string {
  const pairs = formatLabels(labels);
  if (pairs !== '') return `${host}|${port}|${pairs}`;
  return port === '' ? host : `${host}|${port}`;
}

/** Any text is a key; one that nobody has leads to no hosts. */
export function parseServiceKey(text: string): ServiceKey {
  const [host = '', port = '', pairs = ''] = text.split('|');
  const labels = pairs === '' ? [] : pairs.split(',').map(parsePair);
  return { host, port, labels: Object.fromEntries(labels) };
}

/** The cluster of calls that leave a proxy. */
export function outboundClusterName(key: ServiceKey): string {
  return `out.${hashedKey(key)}`;
}

/** On the egress proxy the hash stands alone. */
export function hashedKey(key: ServiceKey): string {
  return createHash('sha1').update(formatServiceKey(key)).digest('hex');
}

/** Sorted by name; a label without a value is its name alone. */
function formatLabels(labels: Labels): string {
  const names = Object.keys(labels).sort();
  return names.map((name) => (labels[name] ? `${name}=${labels[name]}` : name)).join(',');
}

function parsePair(pair: string): readonly [string, string] {
  const at = pair.indexOf('=');
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
}
