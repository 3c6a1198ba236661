// A server that fails in every way that servers fail, and what the reflector says of it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';

import { type Clock, seededDice, silentLogger, systemClock } from '@meltemi/base';
import fc from 'fast-check';

import { KubeClient } from './kube-client.ts';
import { objectKey } from './kube-object.ts';
import { Reflector } from './reflector.ts';

/** What becomes of one request. */
type Fate = 'answer' | 'refuse' | 'hang-up' | 'gone' | 'half' | 'no-list' | 'end';

const FATES: readonly Fate[] = ['answer', 'refuse', 'hang-up', 'gone', 'half', 'no-list', 'end'];
const OBJECTS = 7;
const PAGE = 3;

/** As the system's, with waits that take a hundredth. */
const quick: Clock = { ...systemClock(), after: (delayMs, callback) => systemClock().after(delayMs / 100, callback) };

function listPage(offset: number): string {
  const names = Array.from({ length: OBJECTS }, (_, index) => `o${index}`);
  const items = names.slice(offset, offset + PAGE).map((name) => ({ metadata: { name, namespace: 'n' } }));
  const next = offset + PAGE < OBJECTS ? { continue: String(offset + PAGE) } : {};
  return JSON.stringify({ metadata: { resourceVersion: '10', ...next }, items });
}

function meet(response: ServerResponse, fate: Fate, body: string, stream: boolean): void {
  if (fate === 'hang-up') return void response.destroy();
  if (fate === 'refuse') return void response.writeHead(503).end('{"message":"not now"}');
  if (fate === 'gone') return void response.writeHead(410).end('{"message":"too old"}');
  if (fate === 'no-list') return void response.end(stream ? '{]\n' : '{}');
  if (fate === 'half') return void response.write(body.slice(0, body.length / 2), () => response.destroy());
  response.write(body, () => (stream && fate === 'answer' ? undefined : response.end()));
}

/** A collection of seven objects in pages of three; a watch adds an eighth. */
async function failingServer(fates: readonly Fate[]) {
  const left = [...fates];
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url!, 'http://x');
    const stream = searchParams.has('watch');
    const added = JSON.stringify({
      type: 'ADDED',
      object: { metadata: { name: 'new', namespace: 'n', resourceVersion: '11' } },
    });
    const body = stream ? `${added}\n` : listPage(Number(searchParams.get('continue') ?? 0));
    meet(response, left.shift() ?? 'answer', body, stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test('however the server fails, only whole lists are delivered, and at the end all is known', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...FATES), { maxLength: 12 }), async (fates) => {
      const { server, url } = await failingServer(fates);
      const client = new KubeClient({ access: { server: url, insecure: false } });
      const known = new Set<string>();
      const lists: number[] = [];
      const all = Promise.withResolvers<void>();
      const reflector = new Reflector<string>({
        client,
        path: '/api/v1/things',
        keep: objectKey,
        clock: quick,
        dice: seededDice(1),
        logger: silentLogger,
        target: {
          replace(keys) {
            lists.push(keys.length);
            known.clear();
            for (const key of keys) known.add(key);
          },
          put(key) {
            known.add(key);
            if (known.size === OBJECTS + 1) all.resolve();
          },
          remove: (key) => void known.delete(key),
        },
      });
      await all.promise;
      reflector.close();
      client.close();
      server.closeAllConnections();
      server.close();
      assert.deepEqual(new Set(lists), new Set([OBJECTS]));
    }),
    { numRuns: 40 },
  );
});
