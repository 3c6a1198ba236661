// Who sends a request → `source.*`: the certificate of mutual TLS first, then what the peer's sidecar says of its workload.
import { addForwarded, addPrincipal, type Attributes, type AttributeValue, principalOf } from '@meltemi/api/mixer';
import { ipBytes } from '@meltemi/base';
import { DOWNSTREAM_PEER } from '../../../istio/peer-state.ts';
import type { Workload } from '../../../istio/workload.ts';
import type { StreamEntry } from '../../stream-entry.ts';

/** `forwarded`: what the peer's sidecar sent on. Of a peer without a certificate nothing is believed but its address. */
export function addSource(
  attributes: Map<string, AttributeValue>,
  entry: StreamEntry,
  forwarded: () => Attributes,
): void {
  const address = ipBytes(entry.remoteAddress);
  if (address) attributes.set('source.ip', address);
  const principal = principalOf(entry.connection.peer?.uris ?? []);
  if (principal === undefined) return;
  addForwarded(attributes, forwarded());
  const workload = entry.filterState?.get(DOWNSTREAM_PEER) as Workload | undefined;
  if (workload) addWorkload(attributes, workload);
  addPrincipal(attributes, principal);
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

function set(attributes: Map<string, AttributeValue>, name: string, value: string): void {
  if (value !== '') attributes.set(name, value);
}
