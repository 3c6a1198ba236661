import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { test } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { RateLimitSchema } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import fc from 'fast-check';
import { DecideError } from './decide-error.ts';
import { maskedAddress } from './masked-address.ts';
import { compileRateLimits, rateLimitDescriptors } from './rate-limit.ts';
import type { RateLimitView } from './rate-limit-view.ts';

const rules = (...messages: JsonValue[]) => compileRateLimits(messages.map((each) => fromJson(RateLimitSchema, each)));

function view(headers: Readonly<Record<string, string>>, path = '/'): RateLimitView {
  const request = {
    method: 'GET',
    authority: 'a',
    path,
    scheme: 'http',
    remoteAddress: '10.1.2.3',
    headers: {
      get: (name: string) => headers[name],
      getAll: (name: string) => (headers[name] === undefined ? [] : [headers[name]]),
      has: (name: string) => headers[name] !== undefined,
    },
    requestHeader: (name: string) => headers[name],
    responseHeader: () => undefined,
    value: () => undefined,
  };
  return { request, sourceCluster: 'me', destinationCluster: 'them', routeMetadata: {} };
}

const header = (name: string, skipped: boolean): JsonValue => ({
  requestHeaders: { headerName: name, descriptorKey: name, skipIfAbsent: skipped },
});

test('a descriptor has the entries of its actions in their order, or there is none where one finds nothing', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'd');
  const actions = fc.array(fc.record({ name: names, skipped: fc.boolean() }), { minLength: 1, maxLength: 5 });
  const headers = fc.dictionary(names, fc.stringMatching(/^[a-z]{1,3}$/));
  fc.assert(
    fc.property(actions, headers, (list, given) => {
      const [rule] = rules({ actions: list.map(({ name, skipped }) => header(name, skipped)) });
      const found = rateLimitDescriptors([rule!], view(given));
      const missing = list.some(({ name, skipped }) => given[name] === undefined && !skipped);
      const entries = list.flatMap(({ name }) =>
        given[name] === undefined ? [] : [{ key: name, value: given[name] }],
      );
      assert.deepEqual(
        found.map((descriptor) => descriptor.entries),
        missing ? [] : [entries],
      );
    }),
  );
});

test('parameters are read decoded, and addresses are masked', () => {
  const [rule] = rules({
    actions: [
      { queryParameters: { queryParameterName: 'a b', descriptorKey: 'q' } },
      { maskedRemoteAddress: { v4PrefixMaskLen: 12 } },
    ],
  });
  assert.deepEqual(rateLimitDescriptors([rule!], view({}, '/?x=1&a%20b=c%26d#a'))[0]?.entries, [
    { key: 'q', value: 'c&d' },
    { key: 'masked_remote_address', value: '10.0.0.0/12' },
  ]);
});

test('a masked address is in its network, and masked again it is the same', () => {
  assert.equal(maskedAddress('2001:db8:1:2:3:4:5:6', 32, 47), '2001:db8::/47');
  assert.equal(maskedAddress('::1', 32, 128), '::1/128');
  assert.equal(maskedAddress('pipe', 32, 128), undefined);
  fc.assert(
    fc.property(fc.ipV6(), fc.integer({ min: 0, max: 128 }), (address, length) => {
      const [network, shown] = maskedAddress(address, 32, length)!.split('/');
      assert.ok(isIPv6(network!));
      assert.equal(Number(shown), length);
      assert.equal(maskedAddress(network!, 32, length), `${network}/${length}`);
    }),
  );
});

test('what can’t be honoured is refused', () => {
  const refused: JsonValue[] = [
    { actions: [] },
    { stage: 11, actions: [{ remoteAddress: {} }] },
    { actions: [{ extension: { name: 'expr' } }] },
    { actions: [{ genericKey: {} }] },
    { actions: [{}] },
    { actions: [{ remoteAddress: {} }], hitsAddend: { number: '1', format: '%REQ(a)%' } },
    { actions: [{ remoteAddress: {} }], hitsAddend: { format: 'x%REQ(a)%' } },
    { actions: [{ metadata: { descriptorKey: 'k' } }] },
  ];
  for (const message of refused) assert.throws(() => rules(message), DecideError, JSON.stringify(message));
});
