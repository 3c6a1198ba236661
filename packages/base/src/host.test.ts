import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostCovers, resolveHost } from './host.ts';

test('a name without dots belongs to the namespace of its rule', () => {
  assert.equal(resolveHost('reviews', 'bookinfo', 'cluster.local'), 'reviews.bookinfo.svc.cluster.local');
  assert.equal(resolveHost('httpbin.org', 'bookinfo', 'cluster.local'), 'httpbin.org');
  assert.equal(resolveHost('*', 'bookinfo', 'cluster.local'), '*');
});

test('a wildcard covers hosts by whole labels', () => {
  assert.ok(hostCovers('*', 'a.b'));
  assert.ok(hostCovers('*.example.com', 'a.example.com'));
  assert.ok(!hostCovers('*.example.com', 'example.com'));
  assert.ok(!hostCovers('*.example.com', 'badexample.com'));
  assert.ok(hostCovers('example.com', 'example.com'));
});
