import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { MULTIPLEXED } from '../../tls/multiplexed-protocol.ts';
import { choseHttp2, offeredNames } from './offered-names.ts';

const names = fc.array(fc.constantFrom('h2', 'http/1.1', 'istio', 'istio-h2', 'istio-http/1.1'), { maxLength: 3 });
const offered = fc.option(
  fc.record({ http1: fc.option(names, { nil: undefined }), http2: fc.option(names, { nil: undefined }) }),
  { nil: undefined },
);

test('what a request asks for goes before what the cluster says, and that before the protocol’s own name', () => {
  assert.deepEqual(
    [
      offeredNames('http1', ['h2', 'istio'], undefined),
      offeredNames('http1', ['istio'], { http1: ['istio-http/1.1'], http2: ['istio-h2'] }),
      offeredNames('http2', [], undefined),
      offeredNames('http2', ['istio'], { http1: ['istio-http/1.1'], http2: ['istio-h2'] }),
      offeredNames('either', [], undefined),
      offeredNames('either', ['istio'], { http1: ['istio-http/1.1'], http2: ['istio-h2'] }),
      offeredNames('multiplexed', ['h2', 'istio'], undefined),
      offeredNames('multiplexed', [], undefined),
    ],
    [
      ['istio'],
      ['istio-http/1.1'],
      ['h2'],
      ['istio-h2'],
      ['h2', 'http/1.1'],
      ['istio-h2', 'istio-http/1.1'],
      [MULTIPLEXED, 'istio'],
      [MULTIPLEXED, 'http/1.1'],
    ],
  );
});

test('a connection that carries bytes or HTTP/1.1 as it is never offers what only our sidecars know', () => {
  fc.assert(
    fc.property(fc.constantFrom('http1', 'bytes', 'http2', 'either'), names, offered, (protocol, configured, asked) => {
      assert.ok(!offeredNames(protocol, configured, asked).includes(MULTIPLEXED));
    }),
  );
});

test('what may be multiplexed offers else what HTTP/1.1 would, and at least HTTP/1.1', () => {
  fc.assert(
    fc.property(names, offered, (configured, asked) => {
      const [first, ...others] = offeredNames('multiplexed', configured, asked);
      const plain = offeredNames('http1', configured, asked);
      assert.equal(first, MULTIPLEXED);
      assert.deepEqual(others, plain.length > 0 ? plain : ['http/1.1']);
    }),
  );
});

test('only the name that means HTTP/2 means it', () => {
  assert.deepEqual(
    ['h2', MULTIPLEXED, 'http/1.1', undefined].map((alpn) => [
      choseHttp2('either', alpn),
      choseHttp2('multiplexed', alpn),
    ]),
    [
      [true, false],
      [false, true],
      [false, false],
      [false, false],
    ],
  );
});
