// Turns services and rules into the routes of gRPC clients: one table a port of a service, for all its names.
import type { ProxyScope } from '../../scope.ts';
import type { Snapshot } from '../../snapshot.ts';
import { outboundName } from '../cluster-name.ts';
import type { VirtualHostInput } from '../route-input.ts';
import { routesOf, virtualHost } from '../sidecar-route-inputs.ts';
import { dialledPorts, hostNames, withPort } from './grpc-names.ts';

export interface GrpcRouteInput {
  readonly of: 'grpc';
  readonly name: string;
  readonly virtualHosts: readonly VirtualHostInput[];
}

export function grpcRouteInputs(scope: ProxyScope, { mesh }: Snapshot): GrpcRouteInput[] {
  return dialledPorts(scope.visible.called).map(({ service, port }) => {
    const hosts = hostNames(service, scope.node.namespace, mesh.domain);
    const domains = hosts.flatMap((host) => [host, withPort(host, port.number)]);
    const routes = routesOf(scope, mesh, service.host, port);
    const name = outboundName(service.host, port.number);
    return { of: 'grpc', name, virtualHosts: [virtualHost(withPort(service.host, port.number), domains, routes)] };
  });
}
