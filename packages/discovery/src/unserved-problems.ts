// Says which valid parts of the configuration this control plane does not carry out.
import { resourceName } from '@meltemi/api';
import type { Problem } from '@meltemi/base';
import type { ConfigView, Gateway, GatewayServer, LocatedResource, VirtualService } from '@meltemi/config';
import { serverKind, serverProtocol, wantsCertificate } from './input/gateway-server.ts';
import { gatewaysInclude } from './input/route-match-inputs.ts';

/** Warnings, each at the field that has no effect. */
export function unservedProblems(config: ConfigView): Problem[] {
  return [...config.gateways.flatMap(gatewayProblems), ...config.virtualServices.flatMap(routeProblems)];
}

function gatewayProblems(gateway: LocatedResource<Gateway>): Problem[] {
  return gateway.spec.servers.flatMap((server, index) => {
    const reason = unservedServer(server);
    return reason ? [warning(gateway, `spec.servers[${index}]`, reason)] : [];
  });
}

function unservedServer(server: GatewayServer): string | undefined {
  if (serverKind(server)) return undefined;
  const { port } = server;
  return wantsCertificate(server)
    ? `port ${port.number} is not opened: name the certificate by serverCertificate and privateKey`
    : `port ${port.number} is not opened: servers of ${serverProtocol(port)} are not carried out`;
}

function routeProblems(rule: LocatedResource<VirtualService>): Problem[] {
  const { http = [], tls = [], gateways } = rule.spec;
  const forMesh = gatewaysInclude(gateways, rule.metadata.namespace, 'mesh');
  return [
    ...http.flatMap(({ delegate }, index) =>
      delegate
        ? [warning(rule, `spec.http[${index}].delegate`, 'delegation is not carried out: the route answers 404')]
        : [],
    ),
    ...(forMesh ? tls : []).map((_, index) =>
      warning(rule, `spec.tls[${index}]`, 'in the mesh routes of TLS are not carried out, at gateways they are'),
    ),
  ];
}

function warning(resource: LocatedResource, path: string, message: string): Problem {
  const { source } = resource.origin(path);
  return { severity: 'warning', code: 'MEL0304', message, resource: resourceName(resource), path, source };
}
