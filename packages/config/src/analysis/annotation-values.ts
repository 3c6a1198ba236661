// What the value of an annotation of the injector may be → what is wrong with it.
import { isIP } from 'node:net';

import { parse } from 'yaml';

import { decodeProxyConfig } from '../model/mesh-config.ts';

type Check = (value: string) => string | undefined;

const number: Check = (value) =>
  /^\d+$/.test(value) && Number(value) <= 4_294_967_295 ? undefined : `"${value}" is not a whole number`;
const truth: Check = (value) =>
  /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value) ? undefined : `"${value}" is neither true nor false`;
const quantity: Check = (value) =>
  /^[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/.test(value)
    ? undefined
    : `"${value}" is no quantity, as 100m or 128Mi`;
const port: Check = (value) =>
  /^\d+$/.test(value.trim()) && Number(value) <= 65_535 ? undefined : `"${value}" is not a port`;
const ports: Check = (value) => (value.trim() === '' ? undefined : firstFault(value, port));
const networks: Check = (value) => (value === '' ? undefined : firstFault(value, network));
const orAll =
  (check: Check): Check =>
  (value) =>
    value === '*' ? undefined : check(value);
const mode: Check = (value) =>
  ['REDIRECT', 'TPROXY', 'NONE'].includes(value) ? undefined : `"${value}" is not one of REDIRECT, TPROXY, NONE`;
/** https://man7.org/linux/man-pages/man7/netdevice.7.html */
const interfaces: Check = (value) => (value === '' ? undefined : firstFault(value, networkInterface));

/** Checks by the annotation's name; others take anything. */
export const ANNOTATION_VALUES: Readonly<Record<string, Check>> = {
  'sidecar.istio.io/interceptionMode': mode,
  'status.sidecar.istio.io/port': port,
  'readiness.status.sidecar.istio.io/initialDelaySeconds': number,
  'readiness.status.sidecar.istio.io/periodSeconds': number,
  'readiness.status.sidecar.istio.io/failureThreshold': number,
  'traffic.sidecar.istio.io/includeOutboundIPRanges': orAll(networks),
  'traffic.sidecar.istio.io/excludeOutboundIPRanges': networks,
  'traffic.sidecar.istio.io/includeInboundPorts': orAll(ports),
  'traffic.sidecar.istio.io/excludeInboundPorts': ports,
  'traffic.sidecar.istio.io/excludeOutboundPorts': ports,
  'traffic.sidecar.istio.io/excludeInterfaces': interfaces,
  'traffic.sidecar.istio.io/kubevirtInterfaces': interfaces,
  'istio.io/reroute-virtual-interfaces': interfaces,
  'prometheus.istio.io/merge-metrics': truth,
  'proxy.istio.io/config': proxyConfig,
  'sidecar.istio.io/proxyCPU': quantity,
  'sidecar.istio.io/proxyMemory': quantity,
  'sidecar.istio.io/proxyCPULimit': quantity,
  'sidecar.istio.io/proxyMemoryLimit': quantity,
};

function firstFault(values: string, check: Check): string | undefined {
  return values
    .split(',')
    .map(check)
    .find((fault) => fault !== undefined);
}

function network(value: string): string | undefined {
  const [address = '', bits = ''] = value.split('/');
  const most = isIP(address) === 6 ? 128 : 32;
  const isNetwork = isIP(address) !== 0 && /^\d+$/.test(bits) && Number(bits) <= most;
  return isNetwork ? undefined : `"${value}" is not a network, as 10.0.0.0/8`;
}

function networkInterface(value: string): string | undefined {
  const name = value.trim();
  return name !== '' && name.length <= 15 && /^[\w.@:+*-]+$/.test(name)
    ? undefined
    : `"${value}" is not a network interface`;
}

function proxyConfig(value: string): string | undefined {
  try {
    return decodeProxyConfig(parse(value)) ? undefined : 'it is no ProxyConfig';
  } catch {
    return 'it is no YAML';
  }
}
