// Listener and network filters whose configuration comes by itself: our proxy admits and closes the connections that Envoy does.
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { withoutEnvoy as skip } from './support/envoy.ts';
import { eventually, httpGet } from './support/mesh-under-test.ts';
import { type PairedListener, type PairedPorts, startPairedProxies } from './support/paired-proxies.ts';

const TYPE = 'type.googleapis.com/envoy';
const NETWORK = `${TYPE}.extensions.filters.network`;
const RBAC = `${NETWORK}.rbac.v3.RBAC`;
const PROXY_PROTOCOL = `${TYPE}.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol`;
const TLS_INSPECTOR = `${TYPE}.extensions.filters.listener.tls_inspector.v3.TlsInspector`;
const PLAIN = 'hello, this is nobody in particular';
const GREETED = 'PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nhello';

const rbac = (action: 'ALLOW' | 'DENY'): object => ({
  '@type': RBAC,
  stat_prefix: 'rbac',
  rules: { action, policies: { all: { permissions: [{ any: true }], principals: [{ any: true }] } } },
});
const ECHO = { name: 'echo', typed_config: { '@type': `${NETWORK}.echo.v3.Echo` } };

test(
  'what is discovered decides, else the default, else nobody is let in',
  { skip, timeout: 60_000 },
  async (context) => {
    const files = new DiscoveryFiles(context);
    const given = files.write('given', rbac('ALLOW'));
    const other = files.write('other', { '@type': TLS_INSPECTOR });
    const greeted = files.write('greeted', { '@type': PROXY_PROTOCOL });
    const proxies = await startPairedProxies(context, {
      listeners: [
        network(discovered(given, 'given', RBAC)),
        network(discovered(other, 'other', RBAC)),
        network(discovered(other, 'other', RBAC, { default_config: rbac('ALLOW') })),
        network(discovered(given, 'given', RBAC, without(rbac('DENY')))),
        inspected(discovered(greeted, 'greeted', PROXY_PROTOCOL)),
        inspected(discovered(other, 'other', PROXY_PROTOCOL)),
        inspected(discovered(other, 'other', PROXY_PROTOCOL, { default_config: { '@type': PROXY_PROTOCOL } })),
      ],
    });
    const both = [proxies.envoy, proxies.ours] as const;
    const [envoys, ours] = await Promise.all(both.map((ports) => heardBy(ports)));
    assert.deepEqual(ours, envoys);
    assert.deepEqual(ours, [PLAIN, '', PLAIN, PLAIN, 'hello', '', 'hello']);
    const [theirMissing, ourMissing] = await Promise.all(both.map((ports) => missing(ports)));
    assert.deepEqual(ourMissing, theirMissing);
    assert.deepEqual(ourMissing, { extension_config_missing: 1, network_extension_config_missing: 1 });

    files.write('given', rbac('DENY'));
    for (const { listeners } of both) {
      await eventually(async () => assert.equal(await talk(listeners[0]!, PLAIN), ''));
      await eventually(async () => assert.equal(await talk(listeners[3]!, PLAIN), ''));
    }
  },
);

/** Files that each hold one extension's configuration, replaced as a whole. */
class DiscoveryFiles {
  readonly #folder = mkdtempSync(join(tmpdir(), 'meltemi-ecds-'));
  #version = 0;

  constructor(context: TestContext) {
    context.after(() => rmSync(this.#folder, { recursive: true }));
  }

  write(name: string, config: object): string {
    const path = join(this.#folder, `${name}.json`);
    const resource = { '@type': `${TYPE}.config.core.v3.TypedExtensionConfig`, name, typed_config: config };
    writeFileSync(`${path}.new`, JSON.stringify({ version_info: String(++this.#version), resources: [resource] }));
    renameSync(`${path}.new`, path);
    return path;
  }
}

function discovered(path: string, name: string, type: string, more: object = {}): object {
  const source = { resource_api_version: 'V3', path_config_source: { path } };
  return { name, config_discovery: { config_source: source, type_urls: [type], ...more } };
}

function without(config: object): object {
  return { default_config: config, apply_default_config_without_warming: true };
}

function network(filter: object): PairedListener {
  return { filters: [], listener: { filter_chains: [{ filters: [filter, ECHO] }] } };
}

function inspected(filter: object): PairedListener {
  return { filters: [], listener: { listener_filters: [filter], filter_chains: [{ filters: [ECHO] }] } };
}

/** What each listener echoes; to the last three a proxy says first who the client is. */
function heardBy({ listeners }: PairedPorts): Promise<readonly string[]> {
  return Promise.all(listeners.map((port, index) => talk(port, index < 4 ? PLAIN : GREETED)));
}

/** What comes first; empty: the connection is closed before. */
function talk(port: number, said: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(said));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(''));
    socket.on('data', (bytes) => {
      resolve(bytes.toString());
      socket.destroy();
    });
  });
}

async function missing({ admin }: PairedPorts): Promise<Readonly<Record<string, number>>> {
  const { body } = await httpGet(`http://127.0.0.1:${admin}/stats?filter=extension_config_missing`);
  const sums: Record<string, number> = {};
  for (const [, name, value] of body.matchAll(/\.(\w*extension_config_missing): (\d+)/g)) {
    sums[name!] = (sums[name!] ?? 0) + Number(value);
  }
  return sums;
}
