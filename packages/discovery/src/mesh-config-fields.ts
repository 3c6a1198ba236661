// Each field of a MeshConfig: carried out, or why it has no effect.
// https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/
import { unknownNames } from './input/tls-limits.ts';
import {
  type ExtensionProvider,
  type MeshConfig,
  MESH_CONFIG_FIELDS,
  type MeshConfigField,
  UNSERVED_PROVIDERS,
} from '@meltemi/config';

/** Undefined: the field is carried out. */
export const WITHOUT_EFFECT: Readonly<Record<MeshConfigField, string | undefined>> = {
  accessLogEncoding: undefined,
  accessLogFile: undefined,
  accessLogFormat: undefined,
  connectTimeout: undefined,
  localityLbSetting: undefined,
  defaultTrafficPolicy: undefined,
  inboundClusterStatName: undefined,
  inboundTrafficPolicy: undefined,
  outboundClusterStatName: undefined,
  proxyInboundListenPort: undefined,
  meshMTLS: undefined,
  tlsDefaults: undefined,
  defaultDestinationRuleExportTo: undefined,
  defaultServiceExportTo: undefined,
  defaultVirtualServiceExportTo: undefined,
  disableEnvoyListenerLog: undefined,
  pathNormalization: undefined,
  enableAutoMtls: undefined,
  defaultHttpRetryPolicy: undefined,
  h2UpgradePolicy: undefined,
  dnsRefreshRate: undefined,
  tcpKeepalive: undefined,
  protocolDetectionTimeout: undefined,
  defaultConfig: undefined,
  defaultProviders: undefined,
  enableTracing: undefined,
  extensionProviders: undefined,
  outboundTrafficPolicy: undefined,
  rootNamespace: undefined,
  trustDomain: undefined,
  trustDomainAliases: undefined,
  caCertificates: undefined,
  // Read for the discovery API of the first releases.
  authPolicy: undefined,
  discoveryAddress: undefined,
  egressProxyAddress: undefined,
  ingressControllerMode: undefined,
  ingressService: undefined,
  mixerAddress: undefined,
  mixerCheckServer: undefined,
  mixerReportServer: undefined,
  proxyHttpPort: undefined,
  proxyListenPort: undefined,
  rdsRefreshDelay: undefined,
  zipkinAddress: undefined,
  authCertsPath: undefined,
  disablePolicyChecks: undefined,
  policyCheckFailOpen: undefined,
  disableMixerHttpReports: undefined,
  // Other programs' matters.
  ca: 'certificates are signed here',
  certificates: 'Istio gave it up: certificates of other services are not made here',
  configSources: 'configuration is read from --configDir',
  defaultServiceAccounts: 'a service account is told by each proxy',
  discoverySelectors: 'every namespace of the sources is read',
  enablePrometheusMerge: 'it is the agent that merges metrics',
  enableSdsTokenMount: 'tokens are mounted where the injector says',
  sdsUdsPath: 'the agent chooses the socket of its keys',
  sdsUseK8sSaJwt: 'workload tokens are verified by --tokenJwks',
  serviceScopeConfigs: 'it is for ambient meshes',
  hboneIdleTimeout: 'it is for ambient meshes',
  serviceEntryVisibility: 'services are seen by their exportTo',
  verifyCertificateAtClient: 'Istio gave it up: servers are verified by the roots of the system',
  // Not carried out.
  enableEnvoyAccessLogService: 'name an envoyHttpAls provider in defaultProviders',
  ingressClass: 'Ingresses of the class istio are read',
  ingressSelector: 'Ingresses are served by istio: ingressgateway',
  serviceSettings: 'there is one cluster',
  zoneAwareLbSetting: 'which zones take requests is said by localityLbSetting',
};

export interface UnservedField {
  readonly path: string;
  readonly message: string;
}

/** The fields and providers that are written and have no effect, by their paths. */
export function unservedFields(config: MeshConfig): readonly UnservedField[] {
  const written = config as Readonly<Record<string, unknown>>;
  const fields = MESH_CONFIG_FIELDS.flatMap((path) => {
    const reason = written[path] === undefined ? undefined : WITHOUT_EFFECT[path];
    return reason ? [{ path, message: `the field has no effect: ${reason}` }] : [];
  });
  const providers = (config.extensionProviders ?? []).flatMap((provider, index) =>
    unservedProvider(provider).map(({ path, message }) => ({ path: `extensionProviders[${index}].${path}`, message })),
  );
  const tls = (['meshMTLS', 'tlsDefaults'] as const).flatMap((field) =>
    unknownNames(config[field] ?? {}).map((said) => ({
      path: field,
      message: `the name has no effect: ${said} that proxies know`,
    })),
  );
  return [...fields, ...providers, ...tls];
}

function unservedProvider(provider: ExtensionProvider): readonly UnservedField[] {
  const kind = UNSERVED_PROVIDERS.find((name) => name in provider);
  const { resourceDetectors, dynatraceSampler } = provider.opentelemetry ?? {};
  return [
    ...(kind ? [{ path: kind, message: 'providers of this kind are not asked' }] : []),
    ...(resourceDetectors
      ? [{ path: 'opentelemetry.resourceDetectors', message: 'spans say nothing of where a proxy runs' }]
      : []),
    ...(dynatraceSampler
      ? [{ path: 'opentelemetry.dynatraceSampler', message: 'requests are sampled by a percentage only' }]
      : []),
  ];
}
