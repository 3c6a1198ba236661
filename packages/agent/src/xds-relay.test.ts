import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { silentLogger, systemClock } from '@meltemi/base';
import { grpcClient, serveGrpc } from '@meltemi/rpc';
import { ADS_DEFINITION, type AdsMethod } from './ads-definition.ts';
import { DiscoveryClient } from './discovery-client.ts';
import { type AdsStream, startPilot } from './pilot.fixture.ts';
import { xdsRelay } from './xds-relay.ts';

type Stream = ClientDuplexStream<Buffer, Buffer>;

/** Pilot behind TLS, the relay on a Unix socket, and a stream through both. */
async function setUp(t: TestContext, onAds: (stream: AdsStream) => void) {
  const pilot = await startPilot(onAds);
  const { address, rootsFile, tokenFile, name: serverName } = pilot;
  const credentials = { tokenFile, certificate: () => undefined };
  const discovery = new DiscoveryClient({ address, rootsFile, credentials, serverName, clock: systemClock() });
  const socket = { path: join(pilot.directory, 'XDS') };
  const server = await serveGrpc({ address: socket, services: [xdsRelay(discovery, silentLogger)] });
  const client = grpcClient(ADS_DEFINITION, socket);
  t.after(async () => {
    client.close();
    await server.close(0);
    await discovery.close();
    await pilot.close();
  });
  const open = (method: AdsMethod = 'DeltaAggregatedResources') =>
    (client[method] as unknown as () => Stream).call(client);
  return { pilot, open };
}

function echo(stream: AdsStream): void {
  stream.pipe(stream);
}

test('bytes go through unchanged both ways, with the token of the moment', async (t) => {
  const tokens: unknown[] = [];
  const { pilot, open } = await setUp(t, (stream) => {
    tokens.push(stream.metadata.get('authorization')[0]);
    echo(stream);
  });
  for (const [method, token] of [
    ['StreamAggregatedResources', 'one'],
    ['DeltaAggregatedResources', 'two'],
  ] as const) {
    await writeFile(pilot.tokenFile, `${token}\n`);
    const stream = open(method);
    stream.write(Buffer.from([0xff, 0, 1, 2]));
    assert.deepEqual((await once(stream, 'data'))[0], Buffer.from([0xff, 0, 1, 2]));
    stream.end();
    assert.equal((await once(stream, 'status'))[0].code, 0);
  }
  assert.deepEqual(tokens, ['Bearer one', 'Bearer two']);
});

test('a stream that Pilot ends is ended with its status', async (t) => {
  const { open } = await setUp(t, (stream) => {
    stream.once('data', () =>
      stream.emit('error', Object.assign(new Error('x'), { code: 7, details: 'not your node' })),
    );
  });
  const stream = open();
  stream.write(Buffer.from('x'));
  const [error] = await once(stream, 'error');
  assert.deepEqual([error.code, error.details], [7, 'not your node']);
});

test('a stream that the proxy drops is dropped at Pilot', async (t) => {
  const { promise: dropped, resolve } = Promise.withResolvers<void>();
  const { open } = await setUp(t, (stream) => {
    stream.once('cancelled', resolve);
    echo(stream);
  });
  const stream = open();
  stream.on('error', () => {});
  stream.write(Buffer.from('x'));
  await once(stream, 'data');
  stream.cancel();
  await dropped;
});

test('without Pilot, or without a token, the stream ends as unavailable', async (t) => {
  const { pilot, open } = await setUp(t, echo);
  await pilot.close();
  const stream = open();
  const [error] = await once(stream, 'error');
  assert.equal(error.code, 14);
});

test('a slow proxy slows Pilot down in place of filling memory', async (t) => {
  const CHUNKS = 400;
  const chunk = Buffer.alloc(256 * 1024);
  let written = 0;
  const { promise: blocked, resolve } = Promise.withResolvers<void>();
  const { open } = await setUp(t, (stream) => {
    const write = (): void => {
      while (written++ < CHUNKS && stream.write(chunk));
      const stuck = setTimeout(resolve, 300);
      stream.once('drain', () => {
        clearTimeout(stuck);
        write();
      });
    };
    stream.once('data', write);
  });
  const stream = open();
  stream.on('error', () => {});
  stream.write(Buffer.from('x'));
  await once(stream, 'data');
  stream.pause();
  await blocked;
  assert.ok(written < CHUNKS / 2, `${written} chunks were taken for a proxy that reads nothing`);
  stream.cancel();
});
