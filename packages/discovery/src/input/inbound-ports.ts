// The ports on which a redirected sidecar serves its application: those of its Sidecar, else those of its services.
import { type Host, parseSocketAddress, type SocketAddress } from '@meltemi/base';
import type { SidecarIngress } from '@meltemi/config';
import { isHttp, portProtocol, type Protocol, type ServedPort } from '@meltemi/registry';
import type { ProxyScope } from '../scope.ts';
import type { HttpVersionInput, ServiceReference } from './cluster-input.ts';
import { httpVersion } from './http-version.ts';
import { serviceReference } from './outbound-cluster-inputs.ts';
import type { Speech } from './inbound-chain-matches.ts';
import type { ServerTlsInput } from './listener-input.ts';

export interface InboundPort {
  /** Where clients connect. */
  readonly number: number;
  /** `ADDRESS_PORT`, as chains are called. */
  readonly chainName: string;
  readonly speech: Speech;
  readonly http: HttpVersionInput;
  /** Where the application listens; undefined: where the client connected. */
  readonly app: SocketAddress | undefined;
  /** Over a connection that the application has just closed; of gRPC its client decides. */
  readonly retried: boolean;
  /** What is read of its bytes on their way. */
  readonly codec?: 'mongo';
  /** The service's own number. */
  readonly servicePort: number;
  /** `host:port` of the service, or empty. */
  readonly service: string;
  /** Whose rules hold for it; empty: nobody's. */
  readonly host: Host;
  /** All whose port it is; none of outside of the mesh. */
  readonly services: readonly ServiceReference[];
  /** TLS of the port itself, where the mesh's is off. */
  readonly tls: ServerTlsInput | undefined;
}

export function inboundPorts({ node, served, sidecar }: ProxyScope): readonly InboundPort[] {
  const ingress = sidecar?.spec.ingress ?? [];
  if (ingress.length > 0) return ingress.flatMap((each) => ingressPort(each, node.address));
  const byNumber = Map.groupBy(served, ({ endpoint }) => endpoint.address.port);
  return [...byNumber].flatMap(([number, served]) => servedPort(number, served));
}

function servedPort(number: number, served: readonly ServedPort[]): InboundPort[] {
  const { service, port } = served[0]!;
  if (port.protocol === 'udp') return [];
  return [
    {
      number,
      chainName: `0.0.0.0_${number}`,
      speech: port.unnamed ? 'detected' : isHttp(port.protocol) ? 'http' : 'tcp',
      http: port.unnamed ? 'as-received' : httpVersion(port.protocol),
      app: undefined,
      retried: port.protocol !== 'grpc',
      ...(port.protocol === 'mongo' && { codec: 'mongo' as const }),
      servicePort: port.number,
      service: `${service.host}:${port.number}`,
      host: service.host,
      services: service.meshExternal ? [] : servicesOf(served, port.number),
      tls: undefined,
    },
  ];
}

/** Those with the port's own number. */
function servicesOf(served: readonly ServedPort[], number: number): readonly ServiceReference[] {
  const alike = served.filter(({ port }) => port.number === number).map(({ service }) => service);
  return [...new Map(alike.map((service) => [service.host, serviceReference(service)])).values()];
}

/** Unix sockets are not served: without a chain of its own the port is passed through. */
function ingressPort({ port, bind, defaultEndpoint, tls }: SidecarIngress, address: string): InboundPort[] {
  const app = defaultEndpoint === undefined ? undefined : parseSocketAddress(defaultEndpoint);
  if (defaultEndpoint !== undefined && !app) return [];
  const protocol = portProtocol({ name: port.name ?? '', appProtocol: port.protocol ?? '' });
  return [
    {
      number: port.number,
      chainName: `${bind ?? address}_${port.number}`,
      speech: speechOf(protocol, tls !== undefined),
      http: httpVersion(protocol),
      app: app?.host === '0.0.0.0' ? undefined : app,
      retried: protocol !== 'grpc',
      servicePort: port.number,
      service: '',
      host: '',
      services: [],
      tls: tls && ingressTls(tls),
    },
  ];
}

/** Once its TLS has ended here, HTTPS is HTTP. */
function speechOf(protocol: Protocol, terminated: boolean): Speech {
  return isHttp(protocol) || (protocol === 'https' && terminated) ? 'http' : 'tcp';
}

/** Files reach a sidecar through its agent, by these names. */
function ingressTls(tls: NonNullable<SidecarIngress['tls']>): ServerTlsInput {
  return {
    kind: 'secrets',
    mode: tls.mode === 'MUTUAL' || tls.mode === 'OPTIONAL_MUTUAL' ? tls.mode : 'SIMPLE',
    from: 'agent',
    keyPairs: [`file-cert:${tls.serverCertificate ?? ''}~${tls.privateKey ?? ''}`],
    roots: `file-root:${tls.caCertificates ?? ''}`,
  };
}
