// Cost of the HTTP/1.1 codec: a typical request parsed and written again, a response the same; ns each.
// Run: node bench/http1-codec.ts
import assert from 'node:assert/strict';
import { encodeRequestHead, encodeResponseHead, RequestParser, ResponseParser } from '@meltemi/wire';

const request = `GET /api/v1/products/0/reviews?verbose=1 HTTP/1.1
Host: reviews.default.svc.cluster.local:9080
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8
Accept-Encoding: gzip, deflate
X-Request-Id: 5b6e1f0a-4c1d-4f0e-9c1e-2f6f0b1f6a11
X-B3-TraceId: 80f198ee56343ba864fe8b2a57d3eff7
X-B3-SpanId: e457b5a2e4d86bd1
Cookie: user=jason; session=8b6e1f0a4c1d4f0e9c1e2f6f
End-User: jason

`.replaceAll('\n', '\r\n');

const response = `HTTP/1.1 200 OK
Content-Type: application/json
Content-Length: 0
Server: istio-envoy
Date: Mon, 01 Jan 2024 00:00:00 GMT
X-Envoy-Upstream-Service-Time: 3

`.replaceAll('\n', '\r\n');

let written = '';

const requestParser = new RequestParser({
  onHead: (head) => (written = encodeRequestHead(head.method, head.target, head.headers)),
  onBody: () => assert.fail(),
  onEnd: () => undefined,
  onError: (error) => assert.fail(error),
});

const responseParser = new ResponseParser({
  onInformational: () => assert.fail(),
  onHead: (head) => (written = encodeResponseHead(head.status, head.reason, head.headers)),
  onBody: () => assert.fail(),
  onEnd: () => undefined,
  onError: (error) => assert.fail(error),
});

const requestBytes = Buffer.from(request, 'latin1');
const responseBytes = Buffer.from(response, 'latin1');
const scratch = Buffer.alloc(4096);

function codeRequest(): void {
  requestParser.execute(requestBytes);
  scratch.write(written, 'latin1');
}

function codeResponse(): void {
  responseParser.expect('GET');
  responseParser.execute(responseBytes);
  scratch.write(written, 'latin1');
}

/** Names in lower case and the rest as it was: what the codec must give back. */
const lowered = (text: string): string => text.replaceAll(/^[A-Za-z0-9-]+(?=:)/gm, (name) => name.toLowerCase());

function measure(name: string, step: () => void, expected: string): void {
  step();
  assert.equal(written, expected);
  const rounds = 200_000;
  const times: number[] = [];
  for (let repeat = 0; repeat < 7; repeat++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < rounds; i++) step();
    times.push(Number(process.hrtime.bigint() - start) / rounds);
  }
  const sorted = times.slice(1).sort((a, b) => a - b);
  process.stdout.write(`${name}: ${sorted[2]!.toFixed(0)} ns (least ${sorted[0]!.toFixed(0)})\n`);
}

measure(`request, ${requestBytes.length} bytes, 9 fields`, codeRequest, lowered(request));
measure(`response, ${responseBytes.length} bytes, 5 fields`, codeResponse, lowered(response));
