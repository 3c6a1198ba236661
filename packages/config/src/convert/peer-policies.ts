// What older kinds say of mutual TLS → PeerAuthentications: Policies, MeshPolicies, and annotations of Services.
// https://istio.io/v1.0/docs/reference/config/istio.authentication.v1alpha1/
import type { Labels } from '@meltemi/base';
import type { LocatedResource } from '../located-resource.ts';
import type { AuthenticationPolicy } from '../model/authentication-policy.ts';
import type { ServicePort, ServiceSpec } from '../model/kubernetes.ts';
import type { MutualTls, PeerAuthentication } from '../model/peer-authentication.ts';
import { securityPolicy } from './security-policy.ts';

type Mode = NonNullable<MutualTls['mode']>;
type PolicyTarget = NonNullable<AuthenticationPolicy['targets']>[number];
export type OldPolicy = LocatedResource<AuthenticationPolicy>;
export type AnnotatedService = LocatedResource<ServiceSpec>;

export interface OldAuthentication {
  readonly policies: readonly OldPolicy[];
  readonly meshPolicies: readonly OldPolicy[];
  readonly services: readonly AnnotatedService[];
}

/** `auth.istio.io/8000: NONE`, of Istio 0.2 to 0.8: a service's port has another mode than the mesh. */
const PORT_ANNOTATION = /^auth\.istio\.io\/(\d+)$/;
const ANNOTATED: Readonly<Record<string, Mode>> = { NONE: 'DISABLE', MUTUAL_TLS: 'STRICT' };

/** What says more of a workload stands first. */
export function peerPolicies({ policies, meshPolicies, services }: OldAuthentication): PeerPolicy[] {
  const wide = policies.filter(({ spec }) => !spec.targets?.length);
  return [
    ...services.flatMap((service) => ofService(service, policies)),
    ...wide.map((policy) => widePolicy(policy, policy.metadata.namespace)),
    ...meshPolicies.map((policy) => widePolicy(policy, '')),
  ];
}

type PeerPolicy = LocatedResource<PeerAuthentication>;

function widePolicy(policy: OldPolicy, namespace: string): PeerPolicy {
  const spec = { mtls: { mode: modeOf(policy.spec) } };
  return securityPolicy('PeerAuthentication', { namespace, name: policy.metadata.name }, spec, policy);
}

/** All that is said of one service is one policy: of several, only the oldest would be heard. */
function ofService(service: AnnotatedService, policies: readonly OldPolicy[]): PeerPolicy[] {
  const { namespace, name } = service.metadata;
  const matchLabels: Labels = service.spec.selector ?? {};
  if (Object.keys(matchLabels).length === 0) return [];
  const aimed = policies
    .filter(({ metadata }) => metadata.namespace === namespace)
    .flatMap((policy) => (policy.spec.targets ?? []).map((target) => ({ policy, target })))
    .filter(({ target }) => target.name === name);
  const whole = aimed.find(({ target }) => !target.ports?.length);
  const ports = new Map(annotatedPorts(service));
  for (const { policy, target } of aimed.toReversed()) {
    for (const number of targetPorts(service.spec, target)) ports.set(number, { mode: modeOf(policy.spec) });
  }
  if (!whole && ports.size === 0) return [];
  const spec: PeerAuthentication = {
    selector: { matchLabels },
    ...(whole && { mtls: { mode: modeOf(whole.policy.spec) } }),
    ...(ports.size > 0 && { portLevelMtls: Object.fromEntries(ports) }),
  };
  return [securityPolicy('PeerAuthentication', { namespace, name }, spec, aimed[0]?.policy ?? service)];
}

/** No way to prove who a peer is: nobody has to. */
function modeOf({ peers = [], peerIsOptional }: AuthenticationPolicy): Mode {
  const mutual = peers.find(({ jwt }) => jwt === undefined);
  if (!mutual) return 'DISABLE';
  const { mode, allowTls } = mutual.mtls ?? {};
  return mode === 'PERMISSIVE' || allowTls === true || peerIsOptional === true ? 'PERMISSIVE' : 'STRICT';
}

function annotatedPorts({ metadata, spec }: AnnotatedService): [string, MutualTls][] {
  return Object.entries(metadata.annotations).flatMap(([name, value]): [string, MutualTls][] => {
    const [, number] = PORT_ANNOTATION.exec(name) ?? [];
    const port = spec.ports?.find((other) => String(other.port) === number);
    const mode = ANNOTATED[value];
    return port && mode ? [[containerPort(port), { mode }]] : [];
  });
}

function targetPorts({ ports = [] }: ServiceSpec, target: PolicyTarget): readonly string[] {
  return (target.ports ?? []).flatMap(({ number, name }) =>
    ports.filter((port) => port.port === number || (name !== undefined && port.name === name)).map(containerPort),
  );
}

/** A port that only has a name in the pod is taken for the service's own number. */
function containerPort({ port, targetPort }: ServicePort): string {
  return String(typeof targetPort === 'number' ? targetPort : port);
}
