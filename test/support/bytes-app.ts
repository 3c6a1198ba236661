// A workload that speaks bytes, run by tests. `echo NAME`: says its name in a line, then repeats what it hears.
// `relay SERVICE`: carries each connection to the service of its environment, `SERVICE_SERVICE_HOST/PORT`.
import { connect, createServer, type Socket } from 'node:net';

const [role, name] = process.argv.slice(2) as [string, string];

const answer: Readonly<Record<string, (socket: Socket) => void>> = {
  echo(socket) {
    socket.write(`${name}\n`);
    socket.pipe(socket);
  },
  relay(socket) {
    const host = process.env[`${name}_SERVICE_HOST`]!;
    const port = Number(process.env[`${name}_SERVICE_PORT`]);
    const onward = connect({ host, port, allowHalfOpen: true });
    onward.on('error', () => socket.resetAndDestroy());
    socket.on('error', () => onward.resetAndDestroy());
    socket.pipe(onward).pipe(socket);
  },
};

createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  answer[role]!(socket);
}).listen(Number(process.env['PORT']), process.env['HOST']);
