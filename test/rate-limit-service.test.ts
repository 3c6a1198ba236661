// Mixer as the rate limit service of real Envoys: limits as envoyproxy/ratelimit writes them, counted in a real Redis.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createLogger, type Logger, seededDice, silentLogger, systemClock } from '@meltemi/base';
import { DirectoryStore } from '@meltemi/config';
import { type MixerServer, serveMixer } from '@meltemi/policy';
import { startRedis } from '@meltemi/testkit';
import { withoutEnvoy } from './support/envoy.ts';
import { freePorts } from './support/free-ports.ts';
import { eventually, httpGet } from './support/mesh-under-test.ts';
import { clusterOf, httpFilter, type PairedProxies, startPairedProxies } from './support/paired-proxies.ts';

const program = process.env['MELTEMI_REDIS'];
const skip = withoutEnvoy || (program ? false : 'MELTEMI_REDIS names no redis-server');

const LIMITS = (ann: number) => `
domain: shop
descriptors:
- key: user
  value: ann
  rate_limit: {unit: hour, requests_per_unit: ${ann}}
- key: user
  value: vip-*
  rate_limit: {unlimited: true}
- key: user
  rate_limit: {unit: hour, requests_per_unit: 1}
- key: all
  value: every
  rate_limit: {unit: day, requests_per_unit: 1000}
- key: shadow
  rate_limit: {unit: hour, requests_per_unit: 1}
  shadow_mode: true
`;

const HERE = { host: '127.0.0.1', port: 0 };

interface Limited {
  readonly mixers: readonly MixerServer[];
  /** What they logged. */
  readonly said: readonly string[];
  rewrite(text: string): void;
}

/** So many Mixers, which count in one Redis. */
async function startMixers(context: TestContext, count: number): Promise<Limited> {
  const directory = mkdtempSync(join(tmpdir(), 'limits-'));
  const file = join(directory, 'shop.yaml');
  writeFileSync(file, LIMITS(3));
  const [port] = await freePorts(1);
  const redis = await startRedis(program!, port!);
  context.after(async () => {
    await redis.stop();
    rmSync(directory, { recursive: true });
  });
  const said: string[] = [];
  const logger = createLogger({ level: 'warn', write: (line) => void said.push(line), now: () => 0 });
  const mixers = await Promise.all(
    Array.from({ length: count }, () => startMixer(context, directory, `127.0.0.1:${port}`, logger)),
  );
  return { mixers, said, rewrite: (text) => writeFileSync(file, text) };
}

async function startMixer(
  context: TestContext,
  directory: string,
  redis: string,
  logger: Logger,
): Promise<MixerServer> {
  const config = mkdtempSync(join(tmpdir(), 'mixs-'));
  const clock = systemClock();
  const store = await DirectoryStore.open({ directories: [config], clock, logger: silentLogger });
  const mixer = await serveMixer({
    config: store,
    configNamespace: 'istio-system',
    address: HERE,
    monitoring: HERE,
    prometheus: HERE,
    rateLimits: { directory, redis },
    clock,
    dice: seededDice(1),
    logger,
    write: () => undefined,
    version: 'test',
  });
  context.after(async () => {
    await mixer.close();
    await store.close();
    rmSync(config, { recursive: true });
  });
  return mixer;
}

const http2 = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};

const byHeader = (name: string, key: string) => ({
  actions: [{ request_headers: { header_name: name, descriptor_key: key, skip_if_absent: true } }],
});

/** A listener of each proxy for each Mixer. */
function startProxies(context: TestContext, { mixers }: Limited): Promise<PairedProxies> {
  const routes = [
    {
      match: { prefix: '/' },
      route: { cluster: 'echo', rate_limits: ['user', 'all', 'shadow'].map((key) => byHeader(`x-${key}`, key)) },
    },
  ];
  const limited = (index: number) =>
    httpFilter('ratelimit', 'RateLimit', {
      domain: 'shop',
      timeout: '2s',
      failure_mode_deny: true,
      rate_limit_service: {
        transport_api_version: 'V3',
        grpc_service: { envoy_grpc: { cluster_name: `mixer-${index}` } },
      },
    });
  return startPairedProxies(context, {
    listeners: mixers.map((_, index) => ({ filters: [limited(index)], routes })),
    clusters: mixers.map(({ port }, index) => clusterOf(`mixer-${index}`, port, http2)),
  });
}

test('Envoys and sidecars of ours ask it, and clients see how much is left', { skip }, async (context) => {
  const limited = await startMixers(context, 1);
  const { envoy, ours } = await startProxies(context, limited);
  const call = async (port: number, headers: Readonly<Record<string, string>>) => {
    const { status, headers: seen } = await httpGet(`http://127.0.0.1:${port}/`, headers);
    return [status, seen['ratelimit-limit'], seen['ratelimit-remaining']];
  };
  const [theirs, own] = [envoy.listeners[0]!, ours.listeners[0]!];
  assert.deepEqual(await call(theirs, { 'x-user': 'ann' }), [200, '3, 3;w=3600', '2']);
  assert.deepEqual(await call(own, { 'x-user': 'ann' }), [200, '3, 3;w=3600', '1']);
  assert.deepEqual(await call(theirs, { 'x-user': 'ann' }), [200, '3, 3;w=3600', '0']);
  assert.deepEqual(await call(own, { 'x-user': 'ann' }), [429, '3, 3;w=3600', '0']);
  assert.deepEqual(await call(theirs, { 'x-user': 'bob' }), [200, '1, 1;w=3600', '0']);
  assert.deepEqual(await call(theirs, { 'x-user': 'bob' }), [429, '1, 1;w=3600', '0']);
  assert.deepEqual(await call(theirs, { 'x-user': 'vip-bob' }), [200, undefined, undefined]);
  assert.deepEqual(await call(own, { 'x-shadow': 'x' }), [200, '1, 1;w=3600', '0']);
  assert.deepEqual(await call(own, { 'x-shadow': 'x' }), [200, '1, 1;w=3600', '0']);
  limited.rewrite(LIMITS(5));
  await eventually(async () => assert.equal((await call(own, { 'x-user': 'ann' }))[0], 200));
  limited.rewrite('domain: shop\ndescriptors: [{key: user, rate_limit: {unit: fortnight}}]\n');
  await eventually(async () => assert.match(limited.said.join(''), /shop\.yaml.*unit must be one of second/));
  assert.deepEqual(await call(own, { 'x-user': 'bob' }), [429, '1, 1;w=3600', '0'], 'what was good stays');
});

test('four sidecars together keep within one percent of a limit', { skip }, async (context) => {
  const { envoy, ours } = await startProxies(context, await startMixers(context, 2));
  const ports = [...envoy.listeners, ...ours.listeners];
  assert.equal(ports.length, 4);
  const statuses: number[] = [];
  const load = async (port: number): Promise<void> => {
    for (let count = 0; count < 50; count++)
      statuses.push((await httpGet(`http://127.0.0.1:${port}/`, { 'x-all': 'every' })).status);
  };
  await Promise.all(ports.flatMap((port) => Array.from({ length: 8 }, () => load(port))));
  const passed = statuses.filter((status) => status === 200).length;
  assert.equal(statuses.length, 1600);
  assert.ok(passed >= 990 && passed <= 1010, `${passed} of 1000 passed`);
  assert.equal(statuses.filter((status) => status === 429).length, 1600 - passed);
});
