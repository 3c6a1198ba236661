// A decoded MeshConfig → the settings of sidecars in it. https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/
import { parseDuration, type Problem } from '@meltemi/base';

import { isRecord } from './kubernetes-object.ts';
import { DEFAULT_PROXY, type ProxySettings } from './settings.ts';

/** Fields that sidecars don't need are left alone; wrong values are said, and the default holds. */
export function proxySettings(mesh: unknown): {
  readonly proxy: ProxySettings;
  readonly problems: readonly Problem[];
} {
  const fields = new Fields(mesh);
  const config = new Fields(isRecord(mesh) ? mesh['defaultConfig'] : undefined);
  const proxy: ProxySettings = {
    listenPort: fields.port('proxyListenPort', DEFAULT_PROXY.listenPort),
    configPath: config.text('configPath', DEFAULT_PROXY.configPath),
    binaryPath: config.text('binaryPath', DEFAULT_PROXY.binaryPath),
    serviceCluster: config.text('serviceCluster', DEFAULT_PROXY.serviceCluster),
    drainDurationMs: config.duration('drainDuration', DEFAULT_PROXY.drainDurationMs),
    parentShutdownDurationMs: config.duration('parentShutdownDuration', DEFAULT_PROXY.parentShutdownDurationMs),
    discoveryAddress: config.text('discoveryAddress', DEFAULT_PROXY.discoveryAddress),
    discoveryRefreshDelayMs: config.duration('discoveryRefreshDelay', DEFAULT_PROXY.discoveryRefreshDelayMs),
    zipkinAddress: config.text('zipkinAddress', DEFAULT_PROXY.zipkinAddress),
    connectTimeoutMs: config.duration('connectTimeout', DEFAULT_PROXY.connectTimeoutMs),
    statsdUdpAddress: config.text('statsdUdpAddress', DEFAULT_PROXY.statsdUdpAddress),
    adminPort: config.port('proxyAdminPort', DEFAULT_PROXY.adminPort),
  };
  return { proxy, problems: [...fields.problems, ...config.problems] };
}

/** Reads the fields of one message and collects what is wrong in them. */
class Fields {
  readonly problems: Problem[] = [];
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(message: unknown) {
    this.#fields = isRecord(message) ? message : {};
  }

  text(name: string, otherwise: string): string {
    const value = this.#fields[name];
    if (value === undefined || typeof value === 'string') return value ?? otherwise;
    return this.#refuse(name, value, 'a text', otherwise);
  }

  port(name: string, otherwise: number): number {
    const value = this.#fields[name];
    if (value === undefined) return otherwise;
    if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536) return value;
    return this.#refuse(name, value, 'a port', otherwise);
  }

  duration(name: string, otherwise: number): number {
    const value = this.#fields[name];
    if (value === undefined) return otherwise;
    const ms = typeof value === 'string' ? parseDuration(value) : undefined;
    return ms ?? this.#refuse(name, value, 'a time such as 10s', otherwise);
  }

  #refuse<T>(path: string, value: unknown, expected: string, otherwise: T): T {
    const message = `mesh config: ${path}: expected ${expected}, got ${JSON.stringify(value)}`;
    this.problems.push({ severity: 'error', code: 'MEL0303', message, path });
    return otherwise;
  }
}
