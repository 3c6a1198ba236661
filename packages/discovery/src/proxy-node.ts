// Reads who a proxy says it is: Istio's node id and metadata.
import { isIP } from 'node:net';
import type { JsonObject } from '@bufbuild/protobuf';
import type { Node } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { Labels } from '@meltemi/base';

/** A proxy by its node id `KIND~ADDRESS~WORKLOAD.NAMESPACE~DNSDOMAIN` and its metadata. */
export interface ProxyNode {
  readonly kind: 'sidecar' | 'router';
  readonly id: string;
  readonly address: string;
  readonly workload: string;
  readonly namespace: string;
  /** From metadata; undefined when it says none. */
  readonly serviceAccount: string | undefined;
  readonly labels: Labels;
  /** False (`INTERCEPTION_MODE: NONE`): its application dials it, nothing leads connections there unasked. */
  readonly redirected: boolean;
  /** The names that its application looks up come to its agent (`DNS_CAPTURE`), which answers with addresses of these families. */
  readonly catchesDns: IpFamilies | undefined;
  /** Of the cluster it runs in; empty when it says none. */
  readonly clusterId: string;
  /** `ISTIO_VERSION`, or the program and its version: `envoy 1.40.0`; empty when it says none. */
  readonly version: string;
  /** How it calls its group: `reviews.default`. */
  readonly cluster: string;
  /** Our sidecar or Istio's build of Envoy: Istio's own filters are known to it. */
  readonly istioFilters: boolean;
  /** Our sidecar: it asks Mixer itself. */
  readonly mixerFilter: boolean;
  /** True: a gRPC library, which is its own proxy (`GENERATOR: grpc`). */
  readonly proxyless: boolean;
  /** All that it says of itself. */
  readonly metadata: JsonObject;
  readonly locality: ProxyLocality;
}

export interface IpFamilies {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

export interface ProxyLocality {
  readonly region?: string;
  readonly zone?: string;
  readonly subzone?: string;
}

/** Envoy lists what was built into it. */
const ISTIO_STATS = 'istio.stats';

/** The proxy of a node, or undefined when its id is not Istio's form. */
export function parseProxyNode(node: Node | undefined): ProxyNode | undefined {
  const [kind, address, instance, domain, ...rest] = node?.id.split('~') ?? [];
  if (!node || !isKind(kind) || !instance || !domain || rest.length > 0) return undefined;
  const metadata: JsonObject = node.metadata ?? {};
  const dot = instance.lastIndexOf('.');
  if (dot <= 0) return undefined;
  return {
    kind,
    id: node.id,
    address: address ?? '',
    workload: instance.slice(0, dot),
    namespace: text(metadata['NAMESPACE']) ?? instance.slice(dot + 1),
    serviceAccount: text(metadata['SERVICE_ACCOUNT']),
    labels: labelsOf(metadata['LABELS']),
    redirected: metadata['INTERCEPTION_MODE'] !== 'NONE',
    catchesDns: isTrue(metadata['DNS_CAPTURE']) ? familiesOf(metadata['INSTANCE_IPS'], address ?? '') : undefined,
    clusterId: text(metadata['CLUSTER_ID']) ?? '',
    version: text(metadata['ISTIO_VERSION']) ?? programOf(node),
    cluster: node.cluster,
    istioFilters: node.userAgentName === 'meltemi' || node.extensions.some(({ name }) => name === ISTIO_STATS),
    mixerFilter: node.userAgentName === 'meltemi',
    proxyless: metadata['GENERATOR'] === 'grpc',
    metadata,
    locality: localityOf(node),
  };
}

/** Of the addresses that it has (`INSTANCE_IPS`), else of the one that its id says. */
function familiesOf(addresses: unknown, own: string): IpFamilies {
  const all = (text(addresses) ?? own).split(',').map((address) => isIP(address.trim()));
  return { ipv4: all.includes(4), ipv6: all.includes(6) };
}

/** Agents write words for numbers and truths. */
function isTrue(value: unknown): boolean {
  return value === true || value === 'true' || value === '1';
}

function localityOf({ locality }: Node): ProxyLocality {
  const { region, zone, subZone } = locality ?? { region: '', zone: '', subZone: '' };
  return { ...(region && { region }), ...(zone && { zone }), ...(subZone && { subzone: subZone }) };
}

function programOf({ userAgentName, userAgentVersionType: built }: Node): string {
  if (built.case === 'userAgentVersion') return `${userAgentName} ${built.value}`.trim();
  const number = built.case === 'userAgentBuildVersion' ? built.value.version : undefined;
  return number ? `${userAgentName} ${number.majorNumber}.${number.minorNumber}.${number.patch}`.trim() : userAgentName;
}

function isKind(kind: string | undefined): kind is 'sidecar' | 'router' {
  return kind === 'sidecar' || kind === 'router';
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function labelsOf(value: unknown): Labels {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, label]) => typeof label === 'string')) as Labels;
}
