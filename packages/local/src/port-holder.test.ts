import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { portHolder } from './port-holder.ts';

test(
  'names the process that listens',
  { skip: !existsSync('/proc/net/tcp') && 'the system does not tell' },
  async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const holder = portHolder(port);
    assert.equal(holder?.pid, process.pid);
    assert.match(holder.command, /node/);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(portHolder(port), undefined);
  },
);
