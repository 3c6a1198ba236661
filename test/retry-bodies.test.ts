// Requests with bodies of all sizes are tried again as long as Envoy tries them again.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { withoutEnvoy } from './support/envoy.ts';
import { clusterOf, startPairedProxies } from './support/paired-proxies.ts';

const MIB = 1024 * 1024;
const SIZES = [0, 1, 65_536, 65_537, 500_000, MIB, MIB + 1, 2 * MIB];

test('a body is kept for another try up to a mebibyte', { skip: withoutEnvoy }, async (context) => {
  const port = await startSecondTime(context);
  const retry_policy = { retry_on: '5xx', num_retries: 1, retry_back_off: { base_interval: '0.001s' } };
  const pair = await startPairedProxies(context, {
    clusters: [clusterOf('second-time', port)],
    listeners: [
      {
        filters: [],
        routes: [{ match: { prefix: '/' }, route: { cluster: 'second-time', retry_policy } }],
        virtualHost: { include_request_attempt_count: true },
      },
    ],
  });
  for (const size of SIZES) {
    const body = Buffer.alloc(size, 'meltemi ').toString();
    const { status, body: answer } = await pair.same(0, { method: 'POST', path: `/${size}`, body });
    const again = size <= MIB;
    assert.equal(status, again ? 200 : 503, `${size} bytes`);
    assert.equal(answer, `${again ? 2 : 1} ${createHash('sha256').update(body).digest('hex')}`);
  }
});

/** Answers 503 to the first try and 200 to the second, with the number of the try and a hash of its body. */
async function startSecondTime(context: TestContext): Promise<number> {
  const server = createServer((request, response) => {
    const hash = createHash('sha256');
    const attempt = request.headers['x-envoy-attempt-count'];
    request.on('data', (chunk: Buffer) => void hash.update(chunk));
    request.on('end', () => {
      response.statusCode = attempt === '1' ? 503 : 200;
      response.end(`${String(attempt)} ${hash.digest('hex')}`);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  return (server.address() as AddressInfo).port;
}
