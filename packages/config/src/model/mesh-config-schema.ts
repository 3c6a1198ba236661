// The schema of MeshConfig: every field of today and of the releases before.
import {
  anything,
  count,
  decimal,
  type Fields,
  flag,
  integer,
  labelMap,
  list,
  mapOf,
  message,
  oneOfTexts,
  portNumber,
  text,
  texts,
} from '../schema.ts';
import { duration } from '../text-check.ts';
import { localityLoadBalancing } from './locality-load-balancing.ts';
import { connectionPool, outlierDetection } from './destination-rule-schema.ts';
import { defaultProviders, extensionProvider, proxyTracingTag } from './extension-provider.ts';

const tracing = message(
  {
    sampling: decimal(0, 100),
    maxPathTagLength: count,
    enableIstioTags: flag,
    customTags: mapOf(proxyTracingTag),
    zipkin: anything,
    lightstep: anything,
    datadog: anything,
    stackdriver: anything,
    openCensusAgent: anything,
    tlsSettings: anything,
  },
  { oneOf: [['zipkin', 'lightstep', 'datadog', 'stackdriver', 'openCensusAgent']] },
);

/** Beside these a proxy's own settings are many: they are for the agent and the injector. */
const defaultProxyConfig = message(
  { tracing, concurrency: integer(0, 1024), proxyMetadata: labelMap, image: message({ imageType: text() }) },
  { open: true },
);

const certificateData = message(
  { pem: text(), spiffeBundleUrl: text(), certSigners: texts, trustDomains: texts },
  { oneOf: [['pem', 'spiffeBundleUrl']] },
);

const tlsConfig = message({
  minProtocolVersion: oneOfTexts('TLS_AUTO', 'TLSV1_2', 'TLSV1_3'),
  ecdhCurves: texts,
  cipherSuites: texts,
});

export const meshConfigFields = {
  proxyListenPort: portNumber,
  proxyInboundListenPort: portNumber,
  proxyHttpPort: integer(0, 65_535),
  connectTimeout: duration,
  hboneIdleTimeout: duration,
  protocolDetectionTimeout: duration,
  tcpKeepalive: message({ probes: count, time: duration, interval: duration }),
  ingressClass: text(),
  ingressService: text(),
  ingressControllerMode: oneOfTexts('UNSPECIFIED', 'OFF', 'DEFAULT', 'STRICT'),
  ingressSelector: text(),
  enableTracing: flag,
  accessLogFile: text(),
  accessLogFormat: text(),
  accessLogEncoding: oneOfTexts('TEXT', 'JSON'),
  enableEnvoyAccessLogService: flag,
  disableEnvoyListenerLog: flag,
  defaultConfig: defaultProxyConfig,
  outboundTrafficPolicy: message({ mode: oneOfTexts('REGISTRY_ONLY', 'ALLOW_ANY'), tls: anything }),
  inboundTrafficPolicy: message({ mode: oneOfTexts('PASSTHROUGH', 'LOCALHOST') }),
  configSources: list(anything),
  enableAutoMtls: flag,
  trustDomain: text(),
  trustDomainAliases: texts,
  caCertificates: list(certificateData),
  defaultServiceExportTo: texts,
  defaultVirtualServiceExportTo: texts,
  defaultDestinationRuleExportTo: texts,
  rootNamespace: text(),
  localityLbSetting: localityLoadBalancing,
  zoneAwareLbSetting: anything,
  dnsRefreshRate: duration,
  h2UpgradePolicy: oneOfTexts('DO_NOT_UPGRADE', 'UPGRADE'),
  inboundClusterStatName: text(),
  outboundClusterStatName: text(),
  certificates: list(anything),
  serviceSettings: list(anything),
  serviceScopeConfigs: list(anything),
  enablePrometheusMerge: flag,
  verifyCertificateAtClient: flag,
  ca: anything,
  extensionProviders: list(extensionProvider),
  defaultProviders,
  discoverySelectors: list(anything),
  pathNormalization: message({
    normalization: oneOfTexts('DEFAULT', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'),
  }),
  defaultHttpRetryPolicy: message(
    { attempts: integer(0, 1000), perTryTimeout: duration, retryOn: text() },
    { open: true },
  ),
  meshMTLS: tlsConfig,
  tlsDefaults: tlsConfig,
  defaultTrafficPolicy: message({ connectionPool, outlierDetection }),
  serviceEntryVisibility: anything,
  authPolicy: oneOfTexts('NONE', 'MUTUAL_TLS'),
  mixerCheckServer: text(),
  mixerReportServer: text(),
  mixerAddress: text(),
  disablePolicyChecks: flag,
  policyCheckFailOpen: flag,
  disableMixerHttpReports: flag,
  rdsRefreshDelay: duration,
  authCertsPath: text(),
  defaultServiceAccounts: texts,
  sdsUdsPath: text(),
  discoveryAddress: text(),
  zipkinAddress: text(),
  egressProxyAddress: text(),
  enableSdsTokenMount: flag,
  sdsUseK8sSaJwt: flag,
} satisfies Fields;

/** Every field of a MeshConfig, of today and of the releases before. */
export type MeshConfigField = keyof typeof meshConfigFields;
export const MESH_CONFIG_FIELDS = Object.keys(meshConfigFields) as readonly MeshConfigField[];
