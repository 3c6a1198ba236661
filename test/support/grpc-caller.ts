// A workload that runs gRPC's interop client against the service `interop`, run by tests: `GET /CASE` answers 200 where the case passed.
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';

const client = process.argv[2]!;
const { INTEROP_SERVICE_HOST: host, INTEROP_SERVICE_PORT: port } = process.env;

createServer((request, response) => {
  const args = [`--server_host=${host}`, `--server_port=${port}`, `--test_case=${request.url!.slice(1)}`];
  execFile(client, args, { timeout: 15_000 }, (error, _stdout, stderr) => {
    response.statusCode = error ? 500 : 200;
    response.end(error ? `${error.message}\n${stderr}` : 'passed');
  });
}).listen(Number(process.env['PORT']), process.env['HOST']);
