// Our tcp_proxy does what a real Envoy's does: conversations, access log and counters are the same.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { seededDice, silentLogger, systemClock } from '@meltemi/base';
import { readBootstrap, runProxy } from '@meltemi/proxy';
import { startEnvoy, withoutEnvoy as skip } from './support/envoy.ts';
import { freePorts } from './support/free-ports.ts';
import { eventually, httpGet } from './support/mesh-under-test.ts';
import {
  type Character,
  converse,
  type Heard,
  type Script,
  startTalkServer,
  type TalkServer,
} from './support/tcp-talk.ts';

const TYPE = 'type.googleapis.com/envoy.extensions';

interface Case {
  readonly name: string;
  /** The cluster's only endpoint: a server, a port that nobody listens on, or none. */
  readonly upstream: Character | 'refuses' | 'nobody' | 'unknown';
  readonly script: Script;
  /** Further fields of the filter and of the cluster. */
  readonly filter?: JsonObject;
  readonly cluster?: JsonObject;
}

const wait: Script = { say: '', afterwards: 'wait' };
const CASES: readonly Case[] = [
  { name: 'half', upstream: 'answers', script: { say: 'hey', afterwards: 'end' } },
  { name: 'left', upstream: 'greets', script: { say: '', afterwards: 'reset-when-heard' } },
  { name: 'reset', upstream: 'resets', script: { say: 'x', afterwards: 'wait' } },
  { name: 'refused', upstream: 'refuses', script: wait },
  { name: 'twice', upstream: 'refuses', script: wait, filter: { maxConnectAttempts: 2 } },
  { name: 'no-host', upstream: 'nobody', script: wait },
  { name: 'no-cluster', upstream: 'unknown', script: wait },
  { name: 'idle', upstream: 'greets', script: wait, filter: { idleTimeout: '0.1s' } },
  { name: 'old', upstream: 'greets', script: wait, filter: { maxDownstreamConnectionDuration: '0.1s' } },
  {
    name: 'limited',
    upstream: 'greets',
    script: wait,
    cluster: { circuitBreakers: { thresholds: [{ maxConnections: 0 }] } },
  },
];

/** Of Envoy's counters those that we keep; `downstream_cx_active` is ours alone. */
const COMPARED =
  /^(tcp\..*|cluster\.[^.]+\.(upstream_cx_(total|active|connect_.*|destroy.*|none_healthy|overflow|.x_bytes_total)|upstream_rq_(total|active))): [1-9]/;

interface Seen {
  readonly heard: Readonly<Record<string, Heard>>;
  /** Sorted. */
  readonly log: readonly string[];
  readonly counters: readonly string[];
}

const directory = mkdtempSync(join(tmpdir(), 'mesh-tcp-'));
const servers = new Map<string, TalkServer>();
before(async () => {
  for (const character of ['answers', 'greets', 'resets'] as const) {
    servers.set(character, await startTalkServer(character));
  }
});
after(() => {
  for (const server of servers.values()) server.close();
  rmSync(directory, { recursive: true });
});

test('conversations end alike, and are counted and logged alike', { skip }, async () => {
  const envoys = await seenBy('envoy', async (bootstrap) => {
    const envoy = await startEnvoy(bootstrap);
    return () => envoy.stop();
  });
  const ours = await seenBy('ours', startOurs);
  assert.deepEqual(ours, envoys);
  assert.deepEqual(ours.heard['half'], { text: 'heard hey', how: 'end' });
});

async function startOurs(bootstrap: JsonObject): Promise<() => Promise<void>> {
  const proxy = await runProxy({
    bootstrap: await readBootstrap({ file: { name: 'test.yaml', text: JSON.stringify(bootstrap) } }),
    clock: systemClock(),
    dice: seededDice(1),
    logger: silentLogger,
    drainTimeMs: 0,
    concurrency: 1,
    logLevel: { level: 'none' },
    hostname: 'test',
    version: 'test',
  });
  await proxy.ready;
  return () => proxy.close();
}

async function seenBy(who: string, start: (bootstrap: JsonObject) => Promise<() => Promise<void>>): Promise<Seen> {
  const [admin, refusing, ...ports] = await freePorts(CASES.length + 2);
  const logFile = join(directory, `${who}.log`);
  const stop = await start(bootstrapOf({ admin: admin!, refusing: refusing!, ports, logFile }));
  try {
    const heard: Record<string, Heard> = {};
    for (const [index, { name, script }] of CASES.entries()) heard[name] = await converse(ports[index]!, script);
    const log = await eventually(async () => logLines(logFile));
    const counters = (await httpGet(`http://127.0.0.1:${admin}/stats`)).body.split('\n');
    return { heard, log, counters: counters.filter((line) => COMPARED.test(line)).sort() };
  } finally {
    await stop();
  }
}

/** One line a conversation; fails while some are not written yet. */
function logLines(file: string): readonly string[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n').sort();
  assert.equal(lines.length, CASES.length);
  return lines;
}

interface Places {
  readonly admin: number;
  /** Where nobody listens. */
  readonly refusing: number;
  readonly ports: readonly number[];
  readonly logFile: string;
}

function bootstrapOf({ admin, refusing, ports, logFile }: Places): JsonObject {
  const upstreamPort = (upstream: Case['upstream']) =>
    upstream === 'refuses' ? refusing : servers.get(upstream)?.port;
  return {
    node: { id: 'test', cluster: 'test' },
    admin: { address: address(admin) },
    staticResources: {
      listeners: CASES.map((each, index) => listener(each, ports[index]!, logFile)),
      clusters: CASES.filter(({ upstream }) => upstream !== 'unknown').map((each) =>
        cluster(each, upstreamPort(each.upstream)),
      ),
    },
  };
}

function listener({ name, filter }: Case, port: number, path: string): JsonObject {
  const format = `${name} %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %UPSTREAM_CLUSTER% %UPSTREAM_REQUEST_ATTEMPT_COUNT% %UPSTREAM_TRANSPORT_FAILURE_REASON% %PROTOCOL% %RESPONSE_CODE%\n`;
  const log = {
    name: 'file',
    typedConfig: {
      '@type': `${TYPE}.access_loggers.file.v3.FileAccessLog`,
      path,
      logFormat: { textFormatSource: { inlineString: format } },
    },
  };
  const typedConfig: JsonObject = {
    '@type': `${TYPE}.filters.network.tcp_proxy.v3.TcpProxy`,
    statPrefix: name,
    cluster: name,
    accessLog: [log],
    ...filter,
  };
  return {
    name,
    address: address(port),
    enableReusePort: false,
    filterChains: [{ filters: [{ name: 'envoy.filters.network.tcp_proxy', typedConfig }] }],
  };
}

function cluster({ name, cluster: more }: Case, port: number | undefined): JsonObject {
  const lbEndpoints = port === undefined ? [] : [{ endpoint: { address: address(port) } }];
  return {
    name,
    type: 'STATIC',
    connectTimeout: '1s',
    loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints }] },
    ...more,
  };
}

function address(port: number): JsonObject {
  return { socketAddress: { address: '127.0.0.1', portValue: port } };
}
