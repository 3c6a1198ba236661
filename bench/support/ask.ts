// Asks a proxy one thing, to see that it answers right before its time is taken.
import { get } from 'node:http';
import { connect } from 'node:http2';
import { text } from 'node:stream/consumers';

/** Rejects unless the answer by HTTP/1.1 is `STATUS BODY`. */
export async function expectAnswer(
  port: number,
  expected: string,
  path = '/',
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const got = await new Promise<string>((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      text(response).then((body) => resolve(`${response.statusCode} ${body}`), reject);
    }).on('error', reject);
  });
  if (got !== expected) throw new Error(`port ${port} answers ${path} with ${got}, not ${expected}`);
}

/** Rejects unless the answer by HTTP/2 is `STATUS BODY`, followed by ` GRPC-STATUS` where the trailers name one. */
export async function expectHttp2Answer(
  port: number,
  expected: string,
  request: Readonly<Record<string, string>> = {},
  body?: Uint8Array,
): Promise<void> {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    const stream = session.request({ ':path': '/', ...request });
    let status = '';
    let trailer = '';
    stream.on('response', (headers) => (status = String(headers[':status'])));
    stream.on('trailers', (trailers) => (trailer = ` ${String(trailers['grpc-status'])}`));
    stream.end(body);
    const answered = await text(stream);
    const got = `${status} ${answered}${trailer}`;
    if (got !== expected) throw new Error(`port ${port} answers ${got}, not ${expected}`);
  } finally {
    session.destroy();
  }
}
