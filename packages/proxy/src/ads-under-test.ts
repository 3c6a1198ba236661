// Starts a whole proxy for tests that takes everything by ADS from a control plane of the test.
import assert from 'node:assert/strict';
import { type Agent, request } from 'node:http';
import type { TestContext } from 'node:test';
import { fromJson } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { TYPE_URL, type XdsType } from '@meltemi/api';
import type { DiscoveryRequest } from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { seededDice, silentLogger, systemClock } from '@meltemi/base';
import { readBootstrap } from './bootstrap/read-bootstrap.ts';
import { cluster, routerFilter, socketAddress, WORKER_SCRIPT } from './proxy-under-test.ts';
import { runProxy, type RunningProxy } from './run.ts';
import { xdsRegistry } from './xds/registry.ts';
import { ScriptedServer } from './xds/scripted-server.ts';

/** A control plane that answers every subscription with the latest resources of its type. */
export class ControlPlane {
  readonly #server = new ScriptedServer<DiscoveryRequest>();
  readonly #latest = new Map<string, { version: number; resources: readonly Any[] }>();
  /** Names that the proxy asked for, by type. */
  readonly #asked = new Map<string, string>();
  readonly refusals: string[] = [];
  port = 0;

  get streams(): number {
    return this.#server.streams;
  }

  async listen(): Promise<void> {
    this.port = await this.#server.listen('ads', 'sotw', { host: '127.0.0.1', port: 0 });
    void this.#answer();
  }

  set(type: XdsType, ...resources: readonly object[]): void {
    const url = TYPE_URL[type];
    const any = resources.map((resource) =>
      fromJson(AnySchema, { '@type': url, ...resource }, { registry: xdsRegistry }),
    );
    this.#latest.set(url, { version: (this.#latest.get(url)?.version ?? 0) + 1, resources: any });
    if (this.#asked.has(url)) this.#send(url);
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  async #answer(): Promise<void> {
    for (;;) {
      const asked = await this.#server.next();
      const names = asked.resourceNames.join();
      const subscribes = this.#asked.get(asked.typeUrl) !== names;
      this.#asked.set(asked.typeUrl, names);
      if (asked.errorDetail) this.refusals.push(asked.errorDetail.message);
      else if (subscribes) this.#send(asked.typeUrl);
    }
  }

  #send(typeUrl: string): void {
    const { version, resources } = this.#latest.get(typeUrl) ?? { version: 0, resources: [] };
    if (version === 0) return;
    this.#server.sendSotw({
      typeUrl,
      versionInfo: String(version),
      nonce: `${typeUrl} ${version}`,
      resources: [...resources],
    });
  }
}

export interface AdsSetup {
  /** How many; default 1. */
  readonly workers?: number;
  /** Default 1000. */
  readonly drainTimeMs?: number;
}

/** With an admin server on any port. */
export async function startByAds(
  context: TestContext,
  plane: ControlPlane,
  { workers = 1, drainTimeMs = 1000 }: AdsSetup = {},
): Promise<RunningProxy> {
  const http2 = {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  };
  const source = { ads: {}, resource_api_version: 'V3' };
  const api = {
    api_type: 'GRPC',
    transport_api_version: 'V3',
    grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
  };
  const text = JSON.stringify({
    admin: { address: socketAddress(0) },
    node: { id: 'sidecar~127.0.0.1~a.b~b.svc.cluster.local', cluster: 'a' },
    dynamic_resources: { ads_config: api, cds_config: source, lds_config: source },
    static_resources: { clusters: [cluster('xds', [plane.port], { typed_extension_protocol_options: http2 })] },
  });
  const proxy = await runProxy({
    bootstrap: await readBootstrap({ file: { name: 'ads.yaml', text } }),
    clock: systemClock(),
    dice: seededDice(5),
    logger: silentLogger,
    drainTimeMs,
    concurrency: workers,
    worker: { script: WORKER_SCRIPT },
    logLevel: { level: 'none' },
    hostname: 'test',
    version: 'test',
  });
  context.after(async () => {
    await proxy.close();
    await plane.close();
  });
  return proxy;
}

export function listener(name: string): object {
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: name,
    rds: { route_config_name: 'routes', config_source: { ads: {} } },
    http_filters: [routerFilter()],
  };
  return { name, address: socketAddress(0), filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }] };
}

export function routes(clusterName: string): object {
  const route = { match: { prefix: '/' }, route: { cluster: clusterName } };
  return { name: 'routes', virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route] }] };
}

export function edsCluster(name: string): object {
  return { name, type: 'EDS', connect_timeout: '1s', eds_cluster_config: { eds_config: { ads: {} } } };
}

export function endpoints(name: string, port: number): object {
  return { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(port) } }] }] };
}

/** Resolves when `count` more answers of the name came. */
export async function reached(answers: readonly string[], name: string, count = 20): Promise<void> {
  const before = answers.filter((answer) => answer === name).length;
  const deadline = performance.now() + 8000;
  while (answers.filter((answer) => answer === name).length < before + count) {
    assert.equal(performance.now() < deadline, true, `no answers of ${name}`);
    await new Promise(setImmediate);
  }
}

/** The body, or what went wrong. */
export function call(port: number, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const sent = request({ port, host: '127.0.0.1', agent }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve(body));
      response.on('error', (error) => resolve(`cut: ${error.message}`));
    });
    sent.on('error', (error) => resolve(`failed: ${error.message}`));
    sent.end();
  });
}
