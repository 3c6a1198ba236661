// A server of keys for tests, on 127.0.0.1 and the port of its argument: what was POSTed last it answers to every GET.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

const port = Number(process.argv[2]);
const ISSUER = `http://127.0.0.1:${port}`;
let answer: string | undefined;

createServer((request, response) => {
  if (request.method === 'POST') {
    void text(request).then((body) => {
      answer = body === '' ? undefined : body;
      response.end();
    });
  } else if (request.url === '/.well-known/openid-configuration') {
    response.end(JSON.stringify({ issuer: ISSUER, jwks_uri: `${ISSUER}/keys` }));
  } else if (answer === undefined) response.writeHead(500).end();
  else response.end(answer);
}).listen(port, '127.0.0.1', () => process.stdout.write('listening\n'));
