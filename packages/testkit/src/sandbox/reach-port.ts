// A TCP port of a sandbox → a port of this machine, with a cable that a test can cut.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Sandbox } from './sandbox.ts';

export interface ReachedPort {
  /** On 127.0.0.1. */
  readonly port: number;
  /** `cut`: connections end and new ones are refused. `stalled`: nothing passes, and nobody is told. */
  set(state: 'whole' | 'cut' | 'stalled'): void;
  close(): void;
}

/** Each has a socket file of its own. */
let relays = 0;

export async function reachPort(sandbox: Sandbox, port: number): Promise<ReachedPort> {
  const path = join(sandbox.directory, `relay-${port}-${relays++}`);
  const script = join(import.meta.dirname, 'sandbox-relay.ts');
  await sandbox.run({ command: [process.execPath, script, path, String(port)] }).printed(/listening/);
  let state: 'whole' | 'cut' | 'stalled' = 'whole';
  const sockets = new Set<Socket>();
  const server = createServer((outer) => {
    if (state === 'cut') return void outer.destroy();
    const inner = connect(path);
    for (const [from, to] of [
      [outer, inner],
      [inner, outer],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
      if (state === 'stalled') stall(from);
    }
  });
  server.unref().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    set(next) {
      state = next;
      for (const socket of sockets) {
        if (next === 'cut') socket.destroy();
        else if (next === 'stalled') stall(socket);
      }
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** What was stalled stays so: a connection that lost packets for so long does not come back. */
function stall(socket: Socket): void {
  socket.unpipe();
  socket.pause();
}
