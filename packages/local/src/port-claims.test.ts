import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PortClaims, PortError } from './port-claims.ts';

const directory = mkdtempSync(join(tmpdir(), 'claims-'));
after(() => rmSync(directory, { recursive: true }));

test('two claimants with the same seed never get the same port', async () => {
  const one = new PortClaims(directory, process.pid, 7);
  const two = new PortClaims(directory, process.ppid, 7);
  const ports: number[] = [];
  for (let round = 0; round < 20; round++) ports.push((await one.any()).port, (await two.any()).port);
  assert.equal(new Set(ports).size, 40);
  assert.ok(ports.every((port) => port >= 20_000 && port < 32_768));
  one.close();
  two.close();
  assert.deepEqual(readdirSync(directory), []);
});

test('a claim of a process that is gone is void', async () => {
  const claims = new PortClaims(directory, process.pid, 100);
  const { port } = await claims.any();
  claims.release();
  writeFileSync(join(directory, String(port)), '999999999');
  assert.deepEqual(await claims.exactly({ host: '127.0.0.1', port }), { host: '127.0.0.1', port });
  claims.close();
});

test('what killed processes have left is swept', () => {
  writeFileSync(join(directory, '20001'), '999999999');
  writeFileSync(join(directory, '.999999999-1'), '999999999');
  const claims = new PortClaims(directory, process.pid, 300);
  claims.close();
  assert.deepEqual(readdirSync(directory), []);
});

test('an address that somebody listens on is refused, or another is given', async () => {
  const claims = new PortClaims(directory, process.pid, 200);
  const free = await claims.any();
  claims.release();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(free.port, free.host, resolve));
  await assert.rejects(claims.exactly(free), PortError);
  assert.notEqual((await claims.preferably(free)).port, free.port);
  await new Promise((resolve) => server.close(resolve));
  claims.close();
});
