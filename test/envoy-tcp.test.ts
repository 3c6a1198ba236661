// Our tcp_proxy does what a real Envoy's does: conversations, access log and counters are the same.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { withoutEnvoy as skip } from './support/envoy.ts';
import { eventually, httpGet } from './support/mesh-under-test.ts';
import {
  clusterOf,
  type PairedPorts,
  type PairedSetup,
  type Side,
  startPairedProxies,
} from './support/paired-proxies.ts';
import {
  type Character,
  converse,
  type Heard,
  type Script,
  startTalkServer,
  type TalkServer,
} from './support/tcp-talk.ts';

/** Nobody listens there. */
const REFUSING = 1;

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

test('conversations end alike, and are counted and logged alike', { skip }, async (context) => {
  const pair = await startPairedProxies(context, setupOf);
  const envoys = await seenBy(pair.envoy, 'envoy');
  const ours = await seenBy(pair.ours, 'ours');
  assert.deepEqual(ours, envoys);
  assert.deepEqual(ours.heard['half'], { text: 'heard hey', how: 'end' });
});

async function seenBy({ admin, listeners }: PairedPorts, side: Side): Promise<Seen> {
  const heard: Record<string, Heard> = {};
  for (const [index, { name, script }] of CASES.entries()) heard[name] = await converse(listeners[index]!, script);
  const log = await eventually(async () => logLines(logFile(side)));
  const counters = (await httpGet(`http://127.0.0.1:${admin}/stats`)).body.split('\n');
  return { heard, log, counters: counters.filter((line) => COMPARED.test(line)).sort() };
}

/** One line a conversation; fails while some are not written yet. */
function logLines(file: string): readonly string[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n').sort();
  assert.equal(lines.length, CASES.length);
  return lines;
}

function logFile(side: Side): string {
  return join(directory, `${side}.log`);
}

function setupOf(side: Side): PairedSetup {
  const clusters = CASES.filter(({ upstream }) => upstream !== 'unknown').map(({ name, upstream, cluster }) =>
    upstream === 'nobody'
      ? { name, type: 'STATIC', connect_timeout: '1s', load_assignment: { cluster_name: name }, ...cluster }
      : clusterOf(name, servers.get(upstream)?.port ?? REFUSING, cluster),
  );
  return { listeners: CASES.map((each) => ({ filters: [], listener: listenerOf(each, logFile(side)) })), clusters };
}

function listenerOf({ name, filter }: Case, path: string): object {
  const format = `${name} %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %UPSTREAM_CLUSTER% %UPSTREAM_REQUEST_ATTEMPT_COUNT% %UPSTREAM_TRANSPORT_FAILURE_REASON% %PROTOCOL% %RESPONSE_CODE%\n`;
  const log = {
    name: 'file',
    typed_config: {
      '@type': `${TYPE}.access_loggers.file.v3.FileAccessLog`,
      path,
      log_format: { text_format_source: { inline_string: format } },
    },
  };
  const typed = {
    '@type': `${TYPE}.filters.network.tcp_proxy.v3.TcpProxy`,
    stat_prefix: name,
    cluster: name,
    access_log: [log],
    ...filter,
  };
  return { filter_chains: [{ filters: [{ name: 'envoy.filters.network.tcp_proxy', typed_config: typed }] }] };
}
