// A workload → the attributes that its sidecar knows of it from the start.
import type { ProxyScope } from '../scope.ts';
import type { Snapshot } from '../snapshot.ts';
import type { MixerAttribute, MixerInput } from './mixer-filter-input.ts';

type Attributes = Readonly<Record<string, MixerAttribute>>;

/** `source.*`, of where requests come from. Sidecars of ours tell each other the rest of it by themselves. */
export function sourceAttributes(by: MixerInput['by'], scope: ProxyScope, snapshot: Snapshot): Attributes {
  const own = ownAttributes(scope, snapshot);
  return prefixed('source', by === 'services' ? own : { ip: own['ip'], uid: own['uid'] });
}

/** `destination.*` and, as 0.1 called it, `target.*`, of where they come to. */
export function destinationAttributes(scope: ProxyScope, snapshot: Snapshot): Attributes {
  const own = ownAttributes(scope, snapshot);
  const served = { ...own, ...serviceAttributes(scope, snapshot) };
  return {
    ...prefixed('destination', served),
    ...prefixed('target', served),
    ...prefixed('context', { 'reporter.kind': text('inbound'), 'reporter.uid': own['uid'] }),
  };
}

type Parts = Readonly<Record<string, MixerAttribute | undefined>>;

function ownAttributes({ node, workload, labels }: ProxyScope, { mesh }: Snapshot): Parts {
  const { namespace } = node;
  const address = workload?.address || node.address;
  const account = workload?.serviceAccount ?? node.serviceAccount;
  const name = textOf(node.metadata['WORKLOAD_NAME']);
  return {
    ip: address === '' ? undefined : { kind: 'address', address },
    uid: text(`kubernetes://${node.workload}.${namespace}`),
    name: text(node.workload),
    namespace: text(namespace),
    labels: { kind: 'map', entries: labels },
    owner: text(textOf(node.metadata['OWNER'])),
    serviceAccount: text(account),
    principal: account ? text(`${mesh.trustDomain}/ns/${namespace}/sa/${account}`) : undefined,
    'workload.name': text(name),
    'workload.namespace': text(namespace),
    'workload.uid': name === '' ? undefined : text(`istio://${namespace}/workloads/${name}`),
  };
}

/** Of the first service that the workload is of. */
function serviceAttributes({ workload }: ProxyScope, { registry }: Snapshot): Parts {
  const [service] = workload ? registry.servicesOf(workload) : [];
  if (!service) return {};
  return {
    service: text(service.host),
    'service.host': text(service.host),
    'service.name': text(service.name),
    'service.namespace': text(service.namespace),
    'service.uid': text(`istio://${service.namespace}/services/${service.name}`),
  };
}

function prefixed(prefix: string, parts: Parts): Attributes {
  return Object.fromEntries(
    Object.entries(parts).flatMap(([name, value]) => (value ? [[`${prefix}.${name}`, value] as const] : [])),
  );
}

function text(value: string | undefined): MixerAttribute | undefined {
  return value ? { kind: 'text', text: value } : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
