// An application that fails: of three requests the first two get 500. Run as a workload by tests.
import { createServer } from 'node:http';

let requests = 0;

createServer((_, response) => {
  requests++;
  response.statusCode = requests % 3 === 0 ? 200 : 500;
  response.end(String(requests));
}).listen(Number(process.env['PORT']), process.env['HOST']);
