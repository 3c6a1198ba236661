// Says which valid parts of the configuration this control plane does not carry out.
import { resourceName } from '@meltemi/api';
import type { Problem } from '@meltemi/base';
import type {
  AuthorizationPolicy,
  ConfigView,
  Gateway,
  GatewayServer,
  LocatedResource,
  VirtualService,
} from '@meltemi/config';
import type { AuthorizationRule } from './input/authorization-rules.ts';
import { needsSecret, serverKind, serverProtocol, wantsCertificate } from './input/gateway-server.ts';
import { gatewaysInclude } from './input/route-match-inputs.ts';

/** Warnings, each at the field that has no effect. */
export function unservedProblems(config: ConfigView): Problem[] {
  return [
    ...config.gateways.flatMap(gatewayProblems),
    ...config.virtualServices.flatMap(routeProblems),
    ...config.objects('AuthorizationPolicy').flatMap(policyProblems),
  ];
}

function gatewayProblems(gateway: LocatedResource<Gateway>): Problem[] {
  return gateway.spec.servers.flatMap((server, index) => {
    const reason = unservedServer(server);
    return reason ? [warning(gateway, `spec.servers[${index}]`, reason)] : [];
  });
}

function unservedServer(server: GatewayServer): string | undefined {
  if (serverKind(server) && !needsSecret(server)) return undefined;
  const { port } = server;
  return wantsCertificate(server) && server.tls?.mode !== 'AUTO_PASSTHROUGH'
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
      warning(
        rule,
        `spec.tls[${index}]`,
        'routes of TLS are carried out at gateways, and in the mesh only where the network redirects connections',
      ),
    ),
  ];
}

function policyProblems(policy: LocatedResource<AuthorizationPolicy>): Problem[] {
  const { action, targetRef, targetRefs, rules = [] } = policy.spec;
  const target = targetRef ? 'targetRef' : targetRefs?.length ? 'targetRefs' : undefined;
  const asksTokens = rules.some((rule) => namesTokens(rule) || asksClaims(rule));
  return [
    ...(target
      ? [warning(policy, `spec.${target}`, 'the policy has no effect: workloads are chosen by selector')]
      : []),
    ...(action === 'CUSTOM'
      ? [warning(policy, 'spec.action', 'providers are not asked: what the rules match is denied')]
      : []),
    ...(asksTokens ? [warning(policy, 'spec.rules', 'tokens are not read: no request has claims of one')] : []),
  ];
}

function namesTokens({ from = [] }: AuthorizationRule): boolean {
  return from.some(({ source }) => source.requestPrincipals ?? source.notRequestPrincipals);
}

function asksClaims({ when = [] }: AuthorizationRule): boolean {
  return when.some(({ key }) => key.startsWith('request.auth.'));
}

function warning(resource: LocatedResource, path: string, message: string): Problem {
  const { source } = resource.origin(path);
  return { severity: 'warning', code: 'MEL0304', message, resource: resourceName(resource), path, source };
}
