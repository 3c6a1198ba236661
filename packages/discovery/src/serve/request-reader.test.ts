import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { DiscoveryRequestSchema } from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import type { DiscoveryRequest } from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { RequestReader } from './request-reader.ts';

type Init = MessageInitShape<typeof DiscoveryRequestSchema>;

function encode(request: Init): Buffer {
  return Buffer.from(toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, request)));
}

const anyRequest = fc.record({
  versionInfo: fc.string(),
  typeUrl: fc.constantFrom('a', 'b'),
  responseNonce: fc.string(),
  resourceNames: fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ minLength: 300, maxLength: 400 })), {
    maxLength: 12,
  }),
  node: fc.option(fc.record({ id: fc.string() }), { nil: undefined }),
});

test('requests are what they were, in whatever order their fields come', () => {
  fc.assert(
    fc.property(fc.array(anyRequest), fc.boolean(), (requests, scattered) => {
      const reader = new RequestReader('sotw');
      for (const { resourceNames, ...request } of requests) {
        const half = resourceNames.length >> 1;
        const bytes = scattered
          ? Buffer.concat([
              encode({ resourceNames: resourceNames.slice(0, half) }),
              encode(request),
              encode({ resourceNames: resourceNames.slice(half) }),
            ])
          : encode({ ...request, resourceNames });
        assert.deepEqual(reader.read(bytes), create(DiscoveryRequestSchema, { ...request, resourceNames }));
      }
    }),
  );
});

test('streams that name the same share one list', () => {
  const names = Array.from({ length: 100 }, (_, index) => `outbound|80||service-${index}.default.svc.cluster.local`);
  const bytes = encode({ typeUrl: 'a', resourceNames: names });
  const [one, other] = [new RequestReader('sotw'), new RequestReader('sotw')];
  const first = (one.read(bytes) as DiscoveryRequest).resourceNames;
  assert.deepEqual(first, names);
  assert.equal((one.read(bytes) as DiscoveryRequest).resourceNames, first);
  assert.equal((other.read(bytes) as DiscoveryRequest).resourceNames, first);
});

test('a list that goes on after what was known is read to its end', () => {
  const reader = new RequestReader('sotw');
  const names = Array.from({ length: 100 }, (_, index) => `outbound|80||service-${index}.default.svc.cluster.local`);
  for (const more of [[], ['b'], [], ['b', 'c']]) {
    const request = { typeUrl: 'a', resourceNames: [...names, ...more], responseNonce: '1' };
    assert.deepEqual(reader.read(encode(request)), create(DiscoveryRequestSchema, request));
  }
});

test('bytes that are no request are refused', () => {
  assert.throws(() => new RequestReader('sotw').read(Buffer.from([0x1a, 0x7f, 1])));
});
