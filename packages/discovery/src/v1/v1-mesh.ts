// Reads the settings of a MeshConfig of Istio 0.1–0.7 that v1 documents depend on.
import { parseDuration } from '@meltemi/base';

export interface V1Mesh {
  /** `host:port`; empty: no Mixer. */
  readonly mixerAddress: string;
  readonly disablePolicyChecks: boolean;
  /** `host:port`; empty: external services are called without the egress proxy. */
  readonly egressProxyAddress: string;
  /** 0: no interception. */
  readonly proxyListenPort: number;
  /** 0: no HTTP proxy. */
  readonly proxyHttpPort: number;
  readonly connectTimeoutMs: number;
  readonly ingressClass: string;
  readonly ingressControllerMode: 'OFF' | 'DEFAULT' | 'STRICT';
  readonly mutualTls: boolean;
  readonly rdsRefreshDelayMs: number;
  readonly enableTracing: boolean;
  /** Empty: no access log. */
  readonly accessLogFile: string;
  /** Where proxies find the control plane: `host:port`. */
  readonly discoveryAddress: string;
  /** `host:port`; empty: no traces. */
  readonly zipkinAddress: string;
}

export const DEFAULT_V1_MESH: V1Mesh = {
  mixerAddress: '',
  disablePolicyChecks: false,
  egressProxyAddress: 'istio-egress:80',
  proxyListenPort: 15_001,
  proxyHttpPort: 0,
  connectTimeoutMs: 1000,
  ingressClass: 'istio',
  ingressControllerMode: 'STRICT',
  mutualTls: false,
  rdsRefreshDelayMs: 1000,
  enableTracing: true,
  accessLogFile: '/dev/stdout',
  discoveryAddress: 'istio-pilot:8080',
  zipkinAddress: '',
};

/** `written`: the decoded YAML. What is missing, or of another type, has the default of the release. */
export function v1Mesh(written: unknown): V1Mesh {
  const fields = (typeof written === 'object' && written !== null ? written : {}) as Readonly<Record<string, unknown>>;
  const text = (name: keyof V1Mesh): string => orDefault(name, fields[name], 'string') as string;
  const number = (name: keyof V1Mesh): number => orDefault(name, fields[name], 'number') as number;
  const flag = (name: keyof V1Mesh): boolean => orDefault(name, fields[name], 'boolean') as boolean;
  const time = (name: string, otherwise: number): number => {
    const value = fields[name];
    return (typeof value === 'string' ? parseDuration(value) : undefined) ?? otherwise;
  };
  const mode = fields['ingressControllerMode'];
  return {
    mixerAddress: text('mixerAddress'),
    disablePolicyChecks: flag('disablePolicyChecks'),
    egressProxyAddress: text('egressProxyAddress'),
    proxyListenPort: number('proxyListenPort'),
    proxyHttpPort: number('proxyHttpPort'),
    connectTimeoutMs: time('connectTimeout', DEFAULT_V1_MESH.connectTimeoutMs),
    ingressClass: text('ingressClass'),
    ingressControllerMode: mode === 'OFF' || mode === 'DEFAULT' ? mode : 'STRICT',
    mutualTls: fields['authPolicy'] === 'MUTUAL_TLS',
    rdsRefreshDelayMs: time('rdsRefreshDelay', DEFAULT_V1_MESH.rdsRefreshDelayMs),
    enableTracing: flag('enableTracing'),
    accessLogFile: text('accessLogFile'),
    discoveryAddress: text('discoveryAddress'),
    zipkinAddress: text('zipkinAddress'),
  };
}

function orDefault(name: keyof V1Mesh, value: unknown, type: string): unknown {
  return typeof value === type ? value : DEFAULT_V1_MESH[name];
}
