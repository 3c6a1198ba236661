// Says which valid parts of the configuration this control plane does not carry out.
import { resourceName } from '@meltemi/api';
import type { Problem } from '@meltemi/base';
import type {
  AuthorizationPolicy,
  ConfigView,
  Gateway,
  GatewayServer,
  LocatedResource,
  RateLimitPolicy,
  VirtualService,
} from '@meltemi/config';
import { serverKind, serverProtocol, wantsCertificate } from './input/gateway-server.ts';
import { unservedPatches } from './input/envoy-filter/unserved-patches.ts';
import { unservedTelemetry } from './input/telemetry/unserved-telemetry.ts';
import { isGateway, targetsOf } from './input/policy-target.ts';
import { isGlobal } from './input/limited-listeners.ts';
import { gatewaysInclude } from './input/route-match-inputs.ts';
import type { MeshSettings } from './mesh.ts';
import { unservedTrafficPolicy } from './unserved-traffic-policy.ts';

/** Warnings, each at the field that has no effect. */
export function unservedProblems(config: ConfigView, mesh: MeshSettings): Problem[] {
  return [
    ...config.gateways.flatMap(gatewayProblems),
    ...config.virtualServices.flatMap(routeProblems),
    ...config
      .objects('DestinationRule')
      .flatMap((rule) => unservedTrafficPolicy(rule.spec).map(({ path, message }) => warning(rule, path, message))),
    ...config
      .objects('EnvoyFilter')
      .flatMap((filter) => unservedPatches(filter.spec).map(({ path, message }) => warning(filter, path, message))),
    ...config
      .objects('Telemetry')
      .flatMap((rule) =>
        unservedTelemetry(rule.spec, mesh.providers).map(({ path, message }) => warning(rule, path, message)),
      ),
    ...config
      .objects('ProxyConfig')
      .flatMap((rule) => (rule.spec.image ? [warning(rule, 'spec.image', 'images are the injector’s to choose')] : [])),
    ...config.objects('AuthorizationPolicy').flatMap((policy) => policyProblems(policy, mesh)),
    ...(mesh.mixer ? [] : config.objects('RateLimitPolicy').flatMap(limitProblems)),
  ];
}

function limitProblems(policy: LocatedResource<RateLimitPolicy>): Problem[] {
  const message = 'nobody counts for all: the mesh names no rate limit service (mixerCheckServer)';
  return policy.spec.limits.flatMap((limit, index) =>
    isGlobal(limit) ? [warning(policy, `spec.limits[${index}].scope`, message)] : [],
  );
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
  return wantsCertificate(server) && server.tls?.mode !== 'AUTO_PASSTHROUGH'
    ? `port ${port.number} is not opened: name its certificate by credentialName, or by serverCertificate and privateKey`
    : `port ${port.number} is not opened: servers of ${serverProtocol(port)} are not carried out`;
}

function routeProblems(rule: LocatedResource<VirtualService>): Problem[] {
  const { tls = [], gateways } = rule.spec;
  const forMesh = gatewaysInclude(gateways, rule.metadata.namespace, 'mesh');
  return (forMesh ? tls : []).map((_, index) =>
    warning(
      rule,
      `spec.tls[${index}]`,
      'routes of TLS are carried out at gateways, and in the mesh only where the network redirects connections',
    ),
  );
}

function policyProblems(policy: LocatedResource<AuthorizationPolicy>, mesh: MeshSettings): Problem[] {
  const { targetRef } = policy.spec;
  const field = targetRef ? 'targetRef' : 'targetRefs';
  const targets = targetsOf(policy.spec);
  const reached = targets.some((target) => isGateway(target, policy.metadata.namespace));
  return [
    ...(targets.length > 0 && !reached
      ? [warning(policy, `spec.${field}`, 'the policy has no effect: of such targets only a Gateway is guarded')]
      : []),
    ...providerProblems(policy, mesh),
  ];
}

function providerProblems(policy: LocatedResource<AuthorizationPolicy>, mesh: MeshSettings): Problem[] {
  const { action, provider } = policy.spec;
  if (action !== 'CUSTOM') return [];
  const known = mesh.externalAuthorizers.find(({ name }) => name === provider?.name);
  if (!known) {
    const message = `the mesh has no provider "${provider?.name ?? ''}" to ask: what the rules match is denied`;
    return [warning(policy, 'spec.provider.name', message)];
  }
  if (policy.metadata.annotations['istio.io/dry-run'] === 'true') {
    return [warning(policy, 'spec.action', 'on trial nobody is asked: the policy has no effect')];
  }
  return [];
}

function warning(resource: LocatedResource, path: string, message: string): Problem {
  const { source } = resource.origin(path);
  return { severity: 'warning', code: 'MEL0304', message, resource: resourceName(resource), path, source };
}
