// A workload that answers every request with its method and path, and writes them down in a line of its log.
import { createServer } from 'node:http';

createServer((request, response) => {
  const line = `${request.method} ${request.url}`;
  process.stdout.write(`${line}\n`);
  response.end(line);
}).listen(Number(process.env['PORT']), process.env['HOST']);
