// Finds TCP ports on loopback that nothing listens on, outside of the ranges that meshes and outgoing connections take.
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Above what a local mesh claims (20000–31000), below what Linux gives to outgoing connections (32768 and up). */
const FIRST_PORT = 31_001;
const LAST_PORT = 32_767;

/** So many different ports; from a place of their own for each process, so that two test runs seldom look at the same. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const held: Server[] = [];
  const ports: number[] = [];
  const span = LAST_PORT - FIRST_PORT + 1;
  for (let tries = 0; ports.length < count && tries < span; tries++) {
    const port = FIRST_PORT + ((process.pid * 31 + tries) % span);
    const server = await listenOn(port);
    if (!server) continue;
    held.push(server);
    ports.push(port);
  }
  await Promise.all(held.map((server) => once(server.close(), 'close')));
  if (ports.length < count) throw new Error(`no ${count} free ports between ${FIRST_PORT} and ${LAST_PORT}`);
  return ports;
}

function listenOn(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => resolve(server));
  });
}
