// A tapped request becomes a row without secrets, and filters find it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addRequests, MAX_ROWS } from '../../page/request-rows.ts';
import type { MeshWorkload } from '../mesh-source.ts';
import type { RequestView } from '../views/views.ts';
import { fitsFilter, readRequestFilter } from './request-filter.ts';
import { requestView, type TracedRequest } from './request-view.ts';
import { TraceSplitter } from './split-traces.ts';

const WORKLOAD: MeshWorkload = {
  name: 'reviews-v1',
  namespace: 'default',
  service: 'reviews',
  version: 'v1',
  pod: 'reviews-v1-0',
  kind: 'workload',
  state: 'running',
  admin: '127.0.0.1:1',
  outbound: { '127.0.0.1:9': 'ratings.default.svc.cluster.local:9080' },
};

function traced(path: string, more: Readonly<Record<string, string>> = {}): TracedRequest {
  const fields = { ':authority': '127.0.0.1:9', ':method': 'GET', ':path': path, 'x-request-id': 'r1', ...more };
  const headers = Object.entries(fields).map(([key, value]) => ({ key, value }));
  const request = { headers, headers_received_time: '2026-01-01T00:00:00.000Z' };
  const response = { headers: [{ key: ':status', value: '200' }], headers_received_time: '2026-01-01T00:00:00.025Z' };
  return { http_buffered_trace: { request, response } };
}

function viewed(trace: TracedRequest, sequence = 0): RequestView {
  return requestView(trace, WORKLOAD, sequence)!;
}

const CERTIFICATE = 'By=spiffe://t/ns/a/sa/x;URI=spiffe://t/ns/a/sa/first,By=b;Subject="";URI=spiffe://t/ns/a/sa/last';

test('says who asked whom, for what, with which answer, in what time', () => {
  const { client, server, method, path, status, durationMs } = viewed(traced('/ratings/0'));
  assert.deepEqual(
    [client, server, method, path, status, durationMs],
    ['reviews-v1', 'ratings.default.svc.cluster.local:9080', 'GET', '/ratings/0', 200, 25],
  );
  const seen = viewed(traced('/', { 'x-forwarded-client-cert': CERTIFICATE }));
  assert.deepEqual([seen.side, seen.client, seen.server, seen.mutualTls], ['server', 'last', 'reviews-v1', true]);
  const plain = viewed(traced('/', { ':authority': 'reviews.default:9080' }));
  assert.deepEqual([plain.side, plain.client, plain.mutualTls], ['server', '', false]);
  assert.equal(viewed(traced('/', { ':authority': 'elsewhere.example' })).server, 'elsewhere.example');
});

test('shows nothing of values in queries, of cookies, tokens or other headers', () => {
  const secret = fc.stringMatching(/^[a-zA-Z0-9]{8,20}$/).map((text) => `hush${text}`);
  fc.assert(
    fc.property(secret, fc.constantFrom('/a?t=', '/a?x&t=', '/a;s=', '/a?', '/a;s=1/b?t=1&'), (hush, start) => {
      const headers = { authorization: `Bearer ${hush}`, cookie: hush, 'x-api-key': hush, referer: `/?${hush}` };
      assert.ok(!JSON.stringify(viewed(traced(start + hush, headers))).includes(hush));
    }),
  );
  assert.equal(viewed(traced('/a;s=1/b?t=1&u')).path, '/a;…/b?t=…&…');
});

test('traces are read whatever the pieces they come in', () => {
  const traces = [{ a: 1 }, { b: '\n}{\\"' }, {}, traced('/x')];
  const text = traces
    .map((trace, index) => `${JSON.stringify(trace, undefined, 1)}${index % 2 === 0 ? '' : '\n\n'}`)
    .join('');
  fc.assert(
    fc.property(fc.array(fc.nat(text.length)), (cuts) => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), text.length];
      const splitter = new TraceSplitter();
      const read = places.slice(1).flatMap((end, index) => splitter.push(text.slice(places[index], end)));
      assert.deepEqual(read, traces);
    }),
  );
});

test('filters look at both ends, at method and path, and at the status', () => {
  const request = viewed(traced('/ratings/0'));
  const fits = (query: string) => fitsFilter(request, readRequestFilter(new URLSearchParams(query)));
  for (const query of ['', 'workload=REVIEWS', 'workload=ratings', 'path=get /rat', 'status=2xx'])
    assert.ok(fits(query), query);
  for (const query of ['workload=details', 'path=post', 'status=5xx', 'status=failed']) assert.ok(!fits(query), query);
});

test('both sides of a request become one row, and rows do not grow without end', () => {
  const server = viewed(traced('/ratings/0', { 'x-forwarded-client-cert': CERTIFICATE }), 1);
  const client = viewed(traced('/ratings/0'), 2);
  const [row, ...others] = addRequests(addRequests([], [server]), [client]);
  assert.deepEqual(others, []);
  assert.deepEqual([row!.client, row!.servedBy, row!.sides], ['reviews-v1', 'reviews-v1', ['client', 'server']]);
  const retried = addRequests([row!], [viewed(traced('/ratings/0', { 'x-forwarded-client-cert': CERTIFICATE }), 3)]);
  assert.equal(retried.length, 2);
  const many = Array.from({ length: MAX_ROWS + 10 }, (_, index) => viewed(traced(`/${index}`), index));
  assert.equal(addRequests([], many).length, MAX_ROWS);
});
