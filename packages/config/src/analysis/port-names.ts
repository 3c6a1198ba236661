// Services whose ports' names say no protocol.
import type { Problem } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { ServicePort, ServiceSpec } from '../model/kubernetes.ts';
import { CODE } from '../problem-code.ts';
import type { Subject } from './analyzer.ts';
import { findingAt } from './finding.ts';
import { isControlPlane } from './in-mesh.ts';

/** https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/ */
const NAMED = /^(tcp|udp|grpc|grpc-web|http|http_proxy|http2|https|tls|mongo|redis|mysql)$/i;
const KUBERNETES = /^kubernetes\.io\/(h2c|ws|wss)$/;
/** SMTP, DNS, MySQL and MongoDB, whose servers speak first: nobody listens to tell what they are. */
const TCP: ReadonlySet<number> = new Set([25, 53, 3306, 27_017]);
/** Made by the control plane for a Gateway of Kubernetes. */
const MANAGED = 'gateway.istio.io/managed';

export function analyzePortNames({ view }: Subject): Problem[] {
  return view
    .objects('Service')
    .filter(({ metadata }) => !isControlPlane(metadata.labels) && !metadata.labels[MANAGED]?.startsWith('istio.io-'))
    .flatMap((resource) =>
      (resource.spec.ports ?? []).flatMap((port, index) => {
        const isExternal = resource.spec.type === 'ExternalName';
        if (hasProtocol(port) && !(isExternal && port.name === 'tcp')) return [];
        return [findingAt(resource, `spec.ports[${index}]`, told(resource, port, isExternal))];
      }),
    );
}

function hasProtocol({ port, name = '', protocol, appProtocol }: ServicePort): boolean {
  if (protocol === 'UDP' || KUBERNETES.test(appProtocol ?? '')) return true;
  const said = appProtocol ?? name;
  return /^grpc-web/i.test(said) || NAMED.test(said.split('-', 1)[0]!) || TCP.has(port);
}

function told(
  { metadata }: LocatedResource<ServiceSpec>,
  { port, name, appProtocol }: ServicePort,
  isExternal: boolean,
): { readonly code: string; readonly message: string } {
  if (isExternal) {
    const message = `with the name "${name ?? ''}" the port of an ExternalName may take connections of others`;
    return { code: CODE.externalPortName, message };
  }
  const said = appProtocol === undefined ? `"name: ${name ?? ''}"` : `"appProtocol: ${appProtocol}"`;
  const message = `${said} of port ${port} of ${metadata.name} says no protocol: proxies find it out by what is sent`;
  return { code: CODE.portName, message };
}
