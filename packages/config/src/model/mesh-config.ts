// MeshConfig: what holds for the whole mesh. https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/
import { decodeValue } from '../decode-value.ts';
import { formatPath } from '../field-path.ts';
import { message } from '../schema.ts';
import type { ExtensionProvider } from './extension-provider.ts';
import type { PortTrafficPolicy } from './destination-rule.ts';
import type { LocalityLoadBalancing } from './locality-load-balancing.ts';
import { meshConfigFields } from './mesh-config-schema.ts';
import type { TracingTag } from './telemetry.ts';

/** The fields that the control plane reads; the others are checked, and kept as they are. */
export interface MeshConfig {
  /** `host:port` of Mixer, as 0.2 and 1.0 named it. */
  readonly mixerAddress?: string;
  readonly mixerCheckServer?: string;
  readonly disablePolicyChecks?: boolean;
  readonly policyCheckFailOpen?: boolean;
  readonly disableMixerHttpReports?: boolean;
  readonly connectTimeout?: string;
  readonly protocolDetectionTimeout?: string;
  readonly tcpKeepalive?: { readonly probes?: number; readonly time?: string; readonly interval?: string };
  readonly enableTracing?: boolean;
  readonly accessLogFile?: string;
  readonly accessLogFormat?: string;
  readonly accessLogEncoding?: 'TEXT' | 'JSON';
  readonly disableEnvoyListenerLog?: boolean;
  readonly defaultConfig?: DefaultProxyConfig;
  readonly outboundTrafficPolicy?: { readonly mode?: 'REGISTRY_ONLY' | 'ALLOW_ANY' };
  readonly inboundTrafficPolicy?: { readonly mode?: 'PASSTHROUGH' | 'LOCALHOST' };
  readonly enableAutoMtls?: boolean;
  readonly trustDomain?: string;
  /** Of Istio 0.x. */
  readonly authPolicy?: 'NONE' | 'MUTUAL_TLS';
  readonly trustDomainAliases?: readonly string[];
  readonly caCertificates?: readonly CertificateData[];
  readonly defaultServiceExportTo?: readonly string[];
  readonly defaultVirtualServiceExportTo?: readonly string[];
  readonly defaultDestinationRuleExportTo?: readonly string[];
  readonly rootNamespace?: string;
  readonly ingressControllerMode?: 'UNSPECIFIED' | 'OFF' | 'DEFAULT' | 'STRICT';
  readonly ingressService?: string;
  readonly dnsRefreshRate?: string;
  readonly h2UpgradePolicy?: 'DO_NOT_UPGRADE' | 'UPGRADE';
  readonly extensionProviders?: readonly ExtensionProvider[];
  readonly defaultProviders?: {
    readonly tracing?: readonly string[];
    readonly metrics?: readonly string[];
    readonly accessLogging?: readonly string[];
  };
  readonly localityLbSetting?: LocalityLoadBalancing;
  /** What holds for destinations whose rules say nothing of it. */
  readonly defaultTrafficPolicy?: Pick<PortTrafficPolicy, 'connectionPool' | 'outlierDetection'>;
  /** Patterns such as `%SERVICE_FQDN%_%SERVICE_PORT%`. */
  readonly inboundClusterStatName?: string;
  readonly outboundClusterStatName?: string;
  readonly proxyListenPort?: number;
  readonly proxyInboundListenPort?: number;
  /** Of the mesh's own servers. */
  readonly meshMTLS?: TlsConfig;
  /** Of gateways, and of connections to what is outside of the mesh. */
  readonly tlsDefaults?: TlsConfig;
  readonly pathNormalization?: {
    readonly normalization?: 'DEFAULT' | 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES';
  };
  readonly defaultHttpRetryPolicy?: {
    readonly attempts?: number;
    readonly perTryTimeout?: string;
    readonly retryOn?: string;
  };
}

/** Roots of other authorities: PEM, or where a SPIFFE bundle is served. */
export interface CertificateData {
  readonly pem?: string;
  readonly spiffeBundleUrl?: string;
  readonly certSigners?: readonly string[];
  /** None: the mesh's own. */
  readonly trustDomains?: readonly string[];
}

export interface TlsConfig {
  readonly minProtocolVersion?: 'TLS_AUTO' | 'TLSV1_2' | 'TLSV1_3';
  readonly ecdhCurves?: readonly string[];
  /** By OpenSSL's names. */
  readonly cipherSuites?: readonly string[];
}

/** What proxies say of themselves where their pod says nothing. */
export interface DefaultProxyConfig {
  readonly tracing?: {
    readonly sampling?: number;
    readonly maxPathTagLength?: number;
    readonly enableIstioTags?: boolean;
    readonly customTags?: Readonly<Record<string, TracingTag>>;
  };
  readonly concurrency?: number;
  readonly proxyMetadata?: Readonly<Record<string, string>>;
  readonly image?: { readonly imageType?: string };
}

/** What is wrong with one field. */
export interface MeshConfigFinding {
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

/** A field or provider with a fault is left out of `config`. */
export function decodeMeshConfig(written: unknown): {
  readonly config: MeshConfig;
  readonly findings: readonly MeshConfigFinding[];
} {
  const { value, findings } = decodeValue(message(meshConfigFields), written ?? {}, []);
  const decoded = { ...(value as Record<string, unknown>) };
  const wrong = findings.filter(({ severity = 'error' }) => severity === 'error');
  for (const { path } of wrong) delete decoded[camelCase(String(path[0]))];
  if (wrong.some(({ path }) => path[0] === 'extensionProviders')) {
    const at = new Set(wrong.map(({ path }) => path[1]));
    const all = (value as MeshConfig).extensionProviders;
    decoded['extensionProviders'] = Array.isArray(all) ? all.filter((_, index) => !at.has(index)) : [];
  }
  return {
    config: decoded,
    findings: findings.map(({ path, message: said, hint }) => ({
      path: formatPath(path),
      message: said,
      ...(hint && { hint }),
    })),
  };
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** What of a proxy's own settings can be read. */
export function decodeProxyConfig(written: unknown): DefaultProxyConfig | undefined {
  const { value, findings } = decodeValue(meshConfigFields.defaultConfig, written, []);
  return findings.some(({ severity = 'error' }) => severity === 'error') ? undefined : (value as DefaultProxyConfig);
}
