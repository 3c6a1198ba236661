// A sandbox has a network of its own and leaves nothing behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonAgainstSandbox, Sandbox, SANDBOX_ADDRESS } from './sandbox.ts';

const skip = reasonAgainstSandbox();
const SERVER = `
require('node:http').createServer((request, response) => response.end(request.url + ' ' + process.getuid()))
  .listen(8080, () => console.log('listening'))`;

test('pods reach each other and the test reaches them', { skip }, async (t) => {
  const sandbox = await Sandbox.start();
  t.after(() => sandbox.close());
  const address = await sandbox.addPod('one');
  await sandbox.addPod('two');
  const server = sandbox.run({ command: [process.execPath, '-e', SERVER], pod: 'one', uid: 1337, cwd: '/tmp' });
  await server.printed(/listening/);
  assert.deepEqual(await sandbox.fetch(`http://${address}:8080/x`), { status: 200, body: '/x 1337' });
  const program = `fetch('http://${address}:8080/y').then((r) => r.text()).then(console.log)`;
  assert.equal(await sandbox.complete({ command: [process.execPath, '-e', program], pod: 'two' }), '/y 1337\n');
  assert.match(await sandbox.complete({ command: ['ip', 'addr', 'show', 'pods'] }), new RegExp(SANDBOX_ADDRESS));
  await server.stop('SIGTERM');
  await assert.rejects(sandbox.fetch(`http://${address}:8080/`), /ECONNREFUSED/);
});

test('its programs end with it', { skip }, async () => {
  const sandbox = await Sandbox.start();
  const server = sandbox.run({ command: [process.execPath, '-e', `${SERVER}; process.on('SIGTERM', () => {})`] });
  await server.printed(/listening/);
  await sandbox.close();
  assert.notEqual((await server.ended()).code, 0);
  assert.equal(server.running, false);
});
