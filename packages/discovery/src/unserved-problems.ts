// Says which valid parts of the configuration this control plane does not carry out.
import { resourceName } from '@meltemi/api';
import type { Problem } from '@meltemi/base';
import type { ConfigView, Gateway, GatewayServer, LocatedResource, VirtualService } from '@meltemi/config';

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

function unservedServer({ port, tls }: GatewayServer): string | undefined {
  const protocol = port.protocol?.toUpperCase() ?? 'HTTP';
  if (['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB'].includes(protocol)) return undefined;
  if (protocol !== 'HTTPS') return `port ${port.number} is not opened: servers of ${protocol} are not carried out`;
  if (tls?.serverCertificate && tls.privateKey) return undefined;
  return `port ${port.number} is not opened: name the certificate by serverCertificate and privateKey`;
}

function routeProblems(rule: LocatedResource<VirtualService>): Problem[] {
  const { http = [], tcp = [], tls = [] } = rule.spec;
  return [
    ...http.flatMap(({ delegate }, index) =>
      delegate
        ? [warning(rule, `spec.http[${index}].delegate`, 'delegation is not carried out: the route answers 404')]
        : [],
    ),
    ...tcp.map((_, index) => warning(rule, `spec.tcp[${index}]`, 'routes of TCP are not carried out')),
    ...tls.map((_, index) => warning(rule, `spec.tls[${index}]`, 'routes of TLS are not carried out')),
  ];
}

function warning(resource: LocatedResource, path: string, message: string): Problem {
  const { source } = resource.origin(path);
  return { severity: 'warning', code: 'MEL0304', message, resource: resourceName(resource), path, source };
}
