// Who sends a request → `source.*`: the certificate of mutual TLS first, then what the peer's sidecar says of its workload.
import { ipBytes } from '@meltemi/base';
import { DOWNSTREAM_PEER } from '../../../istio/peer-state.ts';
import type { Workload } from '../../../istio/workload.ts';
import type { StreamEntry } from '../../stream-entry.ts';
import type { Attributes, AttributeValue } from './mixer.ts';

const SPIFFE = 'spiffe://';
const ACCOUNT = /\/ns\/([^/]+)\/sa\/([^/]+)$/;

/** `forwarded`: what the peer's sidecar sent on. Of a peer without a certificate nothing is believed but its address. */
export function addSource(
  attributes: Map<string, AttributeValue>,
  entry: StreamEntry,
  forwarded: () => Attributes,
): void {
  const address = ipBytes(entry.remoteAddress);
  if (address) attributes.set('source.ip', address);
  const principal = principalOf(entry);
  if (principal === undefined) return;
  for (const [name, value] of forwarded()) if (name.startsWith('source.')) attributes.set(name, value);
  const workload = entry.filterState?.get(DOWNSTREAM_PEER) as Workload | undefined;
  if (workload) addWorkload(attributes, workload);
  addPrincipal(attributes, principal);
}

/** Without its scheme, as Istio wrote it; undefined: there is no mutual TLS. */
function principalOf({ connection }: StreamEntry): string | undefined {
  const uri = connection.peer?.uris.find((name) => name.startsWith(SPIFFE));
  return uri?.slice(SPIFFE.length);
}

function addWorkload(attributes: Map<string, AttributeValue>, workload: Workload): void {
  const { instance, namespace, name, owner, labels } = workload;
  if (instance !== '' && namespace !== '') attributes.set('source.uid', `kubernetes://${instance}.${namespace}`);
  set(attributes, 'source.name', instance);
  set(attributes, 'source.namespace', namespace);
  set(attributes, 'source.owner', owner);
  set(attributes, 'source.workload.name', name);
  set(attributes, 'source.workload.namespace', namespace);
  if (name !== '' && namespace !== '') set(attributes, 'source.workload.uid', `istio://${namespace}/workloads/${name}`);
  attributes.set('source.labels', new Map(Object.entries(labels)));
}

/** What the certificate says stands above what anybody tells. */
function addPrincipal(attributes: Map<string, AttributeValue>, principal: string): void {
  attributes.set('source.principal', principal);
  attributes.set('source.user', principal);
  const [, namespace, account] = ACCOUNT.exec(principal) ?? [];
  if (namespace === undefined || account === undefined) return;
  attributes.set('source.namespace', namespace);
  attributes.set('source.serviceAccount', account);
}

function set(attributes: Map<string, AttributeValue>, name: string, value: string): void {
  if (value !== '') attributes.set(name, value);
}
