// Words for objects that analyzers look at: short ways to write those that the cases are made of.
import type { KubeObject } from '../kubernetes/kube-client.ts';

/** Objects that name no namespace belong to the case's own; `told` are `Kind name` of those with the code. */
export interface AnalysisCase {
  readonly code: string;
  readonly name: string;
  readonly objects: readonly KubeObject[];
  readonly told: readonly string[];
  /** Labels of its namespace. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** An object of Istio's own kinds, in the version that its API server keeps. */
export function istio(kind: string, name: string, spec: object, more: object = {}): KubeObject {
  return { apiVersion: versionOf(kind), kind, metadata: { name, ...more }, spec };
}

function versionOf(kind: string): string {
  if (/^(Authorization|PeerAuthentication|RequestAuthentication)/.test(kind)) return 'security.istio.io/v1';
  if (kind === 'Telemetry') return 'telemetry.istio.io/v1';
  return kind === 'EnvoyFilter' ? 'networking.istio.io/v1alpha3' : 'networking.istio.io/v1';
}

/** `ports` by name: `{http: 80}`. */
export function analyzedService(name: string, ports: Readonly<Record<string, number>>, more: object = {}): KubeObject {
  const spec = {
    selector: { app: name },
    ports: Object.entries(ports).map(([port, number]) => ({ name: port, port: number, protocol: 'TCP' })),
    ...more,
  };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec };
}

export function analyzedPod(name: string, labels: object, more: object = {}, metadata: object = {}): KubeObject {
  const spec = { containers: [{ name: 'app', image: 'app:1' }], ...more };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels, ...metadata }, spec };
}

export function analyzedDeployment(name: string, labels: object, more: object = {}, metadata: object = {}): KubeObject {
  const template = { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'app:1' }], ...more } };
  const spec = { selector: { matchLabels: labels }, template };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, ...metadata }, spec };
}

/** A route of HTTP to these hosts: `host`, `host:port`, `host/subset`. */
export function httpRoute(...to: readonly string[]): object {
  return { route: to.map((written) => ({ destination: destinationOf(written), weight: 1 })) };
}

function destinationOf(written: string): object {
  const [, host, port, subset] = /^([^:/]+)(?::(\d+))?(?:\/(.+))?$/.exec(written)!;
  return { host, ...(port && { port: { number: Number(port) } }), ...(subset && { subset }) };
}

export const PROXY_CONTAINER = { name: 'istio-proxy', image: 'proxy:1' };
