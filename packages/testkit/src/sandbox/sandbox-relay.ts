// Runs in a sandbox: what comes in on a socket file goes to a TCP port there, so that the test itself reaches its servers.
import { connect, createServer } from 'node:net';

const [path, port] = process.argv.slice(2);

createServer((outer) => {
  const inner = connect(Number(port), '127.0.0.1');
  outer.pipe(inner).pipe(outer);
  inner.on('error', () => outer.destroy());
  outer.on('error', () => inner.destroy());
  inner.on('close', () => outer.destroy());
  outer.on('close', () => inner.destroy());
}).listen(path, () => process.stdout.write('listening\n'));
