// What the user writes becomes the request that the sidecar sees.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CommandError } from '../../terminal.ts';
import { explainRequest } from './explain-request.ts';

const words = { method: 'GET', headers: [] };

test('a URL, flags and a user are one request', () => {
  const { headers, ...request } = explainRequest({
    url: 'http://reviews:9080/a//b?x=%2f',
    method: 'post',
    headers: ['X-Test:  a: b ', 'x-test: c', 'Host: other'],
    user: 'jason',
  });
  assert.deepEqual(request, {
    url: 'http://reviews:9080/a//b?x=%2f',
    method: 'POST',
    host: 'reviews',
    port: 9080,
    authority: 'other',
    path: '/a//b?x=%2f',
    scheme: 'http',
    fields: [
      ['x-test', 'a: b'],
      ['x-test', 'c'],
      ['end-user', 'jason'],
      ['cookie', 'user=jason'],
    ],
  });
  assert.deepEqual(
    [headers.get('x-test'), headers.getAll('x-test'), headers.has('host')],
    ['a: b,c', ['a: b', 'c'], false],
  );
});

test('scheme, port and path may be left out; the path stays as it is written', () => {
  const path = fc.stringMatching(/^(\/[a-z0-9.%]{0,5}){0,4}(\?[a-z=&]{0,6})?$/);
  fc.assert(
    fc.property(path, (written) => {
      const request = explainRequest({ ...words, url: `reviews.default${written}` });
      assert.deepEqual([request.host, request.port, request.authority], ['reviews.default', 80, 'reviews.default']);
      assert.equal(request.path, written.startsWith('/') ? written : `/${written}`);
    }),
  );
});

test('what is no request is refused', () => {
  for (const url of ['', 'https://reviews:9080/', 'ftp://reviews/', 'http://a:b:c/', 'http:///x', '/reviews']) {
    assert.throws(() => explainRequest({ ...words, url }), CommandError, url);
  }
  for (const header of ['', 'a', ': b', 'a b: c']) {
    assert.throws(() => explainRequest({ ...words, url: 'http://a/', headers: [header] }), CommandError, header);
  }
});
