// Reads the settings of a MeshConfig that this control plane knows.
// https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/
import { parseDuration, type Problem } from '@meltemi/base';
import { decodeMeshConfig, type MeshConfig } from '@meltemi/config';
import { externalAuthorizers } from './external-authorizers.ts';
import { federatedRoots } from './federated-roots.ts';
import { DEFAULT_MESH, type MeshSettings, type PathNormalization } from './mesh.ts';
import { unservedFields } from './mesh-config-fields.ts';
import { tlsLimits } from './input/tls-limits.ts';
import { mixerSettings } from './mixer-settings.ts';
import { tracingSettings } from './proxy-config.ts';

/** `written`: the decoded YAML. Wrong values are said, and the default holds; so is what has no effect. */
export function meshSettings(
  written: unknown,
  defaults: MeshSettings = DEFAULT_MESH,
): { readonly mesh: MeshSettings; readonly problems: readonly Problem[] } {
  const { config, findings } = decodeMeshConfig(written);
  const providers = (written as MeshConfig | undefined)?.extensionProviders;
  const { authorizers, problems: wrongAuthorizers } = externalAuthorizers(providers);
  const federated = federatedRoots(config);
  const mesh: MeshSettings = {
    ...defaults,
    trustDomain: config.trustDomain ?? defaults.trustDomain,
    trustDomainAliases: config.trustDomainAliases ?? defaults.trustDomainAliases,
    federated: federated.federated,
    externalAuthorizers: authorizers,
    mutualTls: config.authPolicy === undefined ? defaults.mutualTls : BY_AUTH_POLICY[config.authPolicy],
    mixer: mixerSettings(config, defaults.mixer),
    rootNamespace: config.rootNamespace ?? defaults.rootNamespace,
    exportTo: {
      services: config.defaultServiceExportTo ?? defaults.exportTo.services,
      virtualServices: config.defaultVirtualServiceExportTo ?? defaults.exportTo.virtualServices,
      destinationRules: config.defaultDestinationRuleExportTo ?? defaults.exportTo.destinationRules,
    },
    accessLogFile: config.accessLogFile ?? defaults.accessLogFile,
    accessLogFormat: config.accessLogFormat ?? defaults.accessLogFormat,
    accessLogEncoding: config.accessLogEncoding ?? defaults.accessLogEncoding,
    providers: joined(config.extensionProviders ?? [], defaults.providers),
    defaultProviders: { ...defaults.defaultProviders, ...config.defaultProviders },
    tracing: {
      ...tracingSettings(config.defaultConfig?.tracing, defaults.tracing),
      enabled: config.enableTracing ?? defaults.tracing.enabled,
    },
    trafficPolicy: config.defaultTrafficPolicy ?? defaults.trafficPolicy,
    localityLb: config.localityLbSetting ?? defaults.localityLb,
    statNames: {
      inbound: config.inboundClusterStatName ?? defaults.statNames.inbound,
      outbound: config.outboundClusterStatName ?? defaults.statNames.outbound,
    },
    listenPorts: {
      inbound: config.proxyInboundListenPort ?? defaults.listenPorts.inbound,
      outbound: config.proxyListenPort ?? defaults.listenPorts.outbound,
    },
    inboundLocalhost: (config.inboundTrafficPolicy?.mode ?? '') === 'LOCALHOST' || defaults.inboundLocalhost,
    connectTimeoutMs: milliseconds(config.connectTimeout) ?? defaults.connectTimeoutMs,
    protocolDetectionMs: milliseconds(config.protocolDetectionTimeout) ?? defaults.protocolDetectionMs,
    tcpKeepalive: config.tcpKeepalive ?? defaults.tcpKeepalive,
    dnsRefreshMs: milliseconds(config.dnsRefreshRate) ?? defaults.dnsRefreshMs,
    h2Upgrade: config.h2UpgradePolicy === 'UPGRADE' || defaults.h2Upgrade,
    defaultRetry: config.defaultHttpRetryPolicy ?? defaults.defaultRetry,
    autoMutualTls: config.enableAutoMtls ?? defaults.autoMutualTls,
    pathNormalization: pathNormalization(config) ?? defaults.pathNormalization,
    tls: {
      mesh: tlsLimits(config.meshMTLS, defaults.tls.mesh),
      outside: tlsLimits(config.tlsDefaults, defaults.tls.outside),
    },
    listenerLog: config.disableEnvoyListenerLog === true ? false : defaults.listenerLog,
    outboundTrafficPolicy: config.outboundTrafficPolicy?.mode ?? defaults.outboundTrafficPolicy,
  };
  const wrong = findings.map(({ path, message, hint }) =>
    problem('error', path, hint ? `${message}; ${hint}` : message),
  );
  const unserved = unservedFields(config).map(({ path, message }) => problem('warning', path, message));
  const roots = federated.problems.map(({ severity, path, message }) => problem(severity, path, message));
  return { mesh, problems: [...wrong, ...wrongAuthorizers, ...roots, ...unserved] };
}

/** Istio 0.x knew two: all connections between sidecars are of one kind. */
const BY_AUTH_POLICY = { NONE: 'DISABLE', MUTUAL_TLS: 'STRICT' } as const;

/** Those of the mesh, and the defaults whose names it leaves free. */
function joined(own: MeshSettings['providers'], defaults: MeshSettings['providers']): MeshSettings['providers'] {
  const names = new Set(own.map(({ name }) => name));
  return [...own, ...defaults.filter(({ name }) => !names.has(name))];
}

function pathNormalization({ pathNormalization: said }: MeshConfig): PathNormalization | undefined {
  return said?.normalization === 'DEFAULT' ? 'BASE' : said?.normalization;
}

function milliseconds(written: string | undefined): number | undefined {
  return written === undefined ? undefined : parseDuration(written);
}

function problem(severity: Problem['severity'], path: string, message: string): Problem {
  return { severity, code: 'MEL0303', message: `mesh config: ${path}: ${message}`, path };
}
