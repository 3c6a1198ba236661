import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import {
  type FilterChainMatch,
  FilterChainMatchSchema,
} from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import fc from 'fast-check';
import { compileFilterChainMatch, type ConnectionFacts } from './filter-chain-match.ts';

const facts: ConnectionFacts = {
  destinationIp: '10.0.0.1',
  destinationPort: 9080,
  sourceIp: '10.0.0.2',
  sourcePort: 40000,
  transportProtocol: 'raw_buffer',
  serverName: '',
  applicationProtocols: [],
};

const match = (fields: object): FilterChainMatch => create(FilterChainMatchSchema, fields);

test('the more specific server name wins, whatever the order of the chains', () => {
  const names = ['*.com', '*.example.com', 'a.example.com'];
  const chosen = (serverName: string, order: readonly string[]) => {
    const matcher = compileFilterChainMatch(order.map((name) => match({ serverNames: [name] })));
    return order[matcher.match({ ...facts, serverName }) ?? -1];
  };
  for (const order of [names, names.toReversed()]) {
    assert.deepEqual(
      ['a.example.com', 'b.example.com', 'x.com', 'com', ''].map((name) => chosen(name, order)),
      ['a.example.com', '*.example.com', '*.com', undefined, undefined],
    );
  }
});

test('a chain that was chosen by one criterion is not left for a worse one', () => {
  const matcher = compileFilterChainMatch([match({ destinationPort: 9080, transportProtocol: 'tls' }), match({})]);
  assert.equal(matcher.match(facts), undefined);
  assert.equal(matcher.match({ ...facts, transportProtocol: 'tls' }), 0);
  assert.equal(matcher.match({ ...facts, destinationPort: 1 }), 1);
});

test("the longest prefix, the client's first protocol, the exact port", () => {
  const prefixes = compileFilterChainMatch(
    [8, 24, 32, 0].map((prefixLen) => match({ prefixRanges: [{ addressPrefix: '10.0.0.1', prefixLen }] })),
  );
  assert.deepEqual(
    ['10.0.0.1', '10.0.0.9', '10.9.9.9', '11.0.0.1'].map((destinationIp) =>
      prefixes.match({ ...facts, destinationIp }),
    ),
    [2, 1, 0, 3],
  );
  const protocols = compileFilterChainMatch([
    match({ applicationProtocols: ['h2'] }),
    match({ applicationProtocols: ['istio', 'http/1.1'] }),
  ]);
  assert.equal(protocols.match({ ...facts, applicationProtocols: ['istio', 'h2'] }), 1);
  assert.equal(protocols.match({ ...facts, applicationProtocols: ['h2', 'istio'] }), 0);
});

const chain = fc.record({
  destinationPort: fc.option(fc.constantFrom(80, 9080), { nil: undefined }),
  serverNames: fc.subarray(['a.x.y', '*.x.y', '*.y', 'b.y']),
  transportProtocol: fc.constantFrom('', 'tls', 'raw_buffer'),
  applicationProtocols: fc.subarray(['h2', 'istio', 'http/1.1']),
});
type Chain = Pick<FilterChainMatch, 'destinationPort' | 'serverNames' | 'transportProtocol' | 'applicationProtocols'>;

const connection = fc.record({
  destinationPort: fc.constantFrom(80, 9080, 1),
  serverName: fc.constantFrom('', 'a.x.y', 'c.x.y', 'b.y', 'y', 'a.b.x.y'),
  transportProtocol: fc.constantFrom('tls' as const, 'raw_buffer' as const),
  applicationProtocols: fc.shuffledSubarray(['h2', 'istio', 'http/1.1', 'other']),
});

/** Envoy's nested maps: at each level the best key that some chain has, then only the chains under that key. */
function model(chains: readonly Chain[], known: typeof facts): number | undefined {
  const keys: ((each: Chain) => readonly (string | number)[])[] = [
    (each) => [each.destinationPort ?? 0],
    (each) => (each.serverNames.length ? each.serverNames.map((name) => name.replace(/^\*/, '')) : ['']),
    (each) => [each.transportProtocol],
    (each) => (each.applicationProtocols.length ? each.applicationProtocols : ['']),
  ];
  const name = known.serverName;
  const wanted: (readonly (string | number)[])[] = [
    [known.destinationPort, 0],
    [name, ...Array.from(name.matchAll(/(?!^)\./g), (dot) => name.slice(dot.index)), ''],
    [known.transportProtocol, ''],
    [...known.applicationProtocols, ''],
  ];
  let left = chains.map((_, index) => index);
  for (const [level, keysOf] of keys.entries()) {
    const key = wanted[level]!.find((each) => left.some((index) => keysOf(chains[index]!).includes(each)));
    if (key === undefined) return undefined;
    left = left.filter((index) => keysOf(chains[index]!).includes(key));
  }
  return left[0];
}

test('the choice is that of nested maps, for any chains and connections', () => {
  fc.assert(
    fc.property(fc.array(chain, { maxLength: 6 }), connection, (chains, seen) => {
      const matcher = compileFilterChainMatch(chains.map((each) => match(each)));
      const known = { ...facts, ...seen };
      assert.equal(matcher.match(known), model(chains as Chain[], known));
    }),
    { numRuns: 1000 },
  );
});
