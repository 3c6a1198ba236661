import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { agentSockets } from './socket-directory.ts';

test('sockets lie in the directory of the agent, and old ones are removed', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'mesh-sockets-'));
  t.after(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'XDS'), '');
  const sockets = await agentSockets(directory, '/nowhere');
  assert.deepEqual([sockets.xds, sockets.sds], [join(directory, 'XDS'), join(directory, 'SDS')]);
  assert.equal(existsSync(sockets.xds), false);
});

test('a long path gives way to a short private directory, which goes with the agent', async (t) => {
  const temporary = await mkdtemp(join(tmpdir(), 'm-'));
  t.after(() => rm(temporary, { recursive: true }));
  const long = join(temporary, 'x'.repeat(90));
  await mkdir(long);
  const sockets = await agentSockets(long, temporary);
  assert.ok(Buffer.byteLength(sockets.sds) <= 100);
  assert.equal((await stat(dirname(sockets.sds))).mode & 0o777, 0o700);
  await sockets.remove();
  assert.equal(existsSync(dirname(sockets.sds)), false);
});
