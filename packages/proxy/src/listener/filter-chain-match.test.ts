import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import {
  type FilterChainMatch,
  FilterChainMatch_ConnectionSourceType as SourceType,
  FilterChainMatchSchema,
} from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import fc from 'fast-check';
import type { ConnectionFacts } from './connection-facts.ts';
import { compileFilterChainMatch } from './filter-chain-match.ts';

const facts: ConnectionFacts = {
  destinationIp: '10.0.0.1',
  destinationPort: 9080,
  sourceIp: '10.0.0.2',
  sourcePort: 40000,
  directSourceIp: '10.0.0.2',
  transportProtocol: 'raw_buffer',
  serverName: '',
  applicationProtocols: [],
};

const match = (fields: object): FilterChainMatch => create(FilterChainMatchSchema, fields);

test('the more specific server name wins, whatever the order of the chains', () => {
  const names = ['*.com', '*.example.com', 'a.example.com'];
  const chosen = (serverName: string, order: readonly string[]) => {
    const matcher = compileFilterChainMatch(order.map((name) => match({ serverNames: [name] })));
    return order[matcher({ ...facts, serverName }) ?? -1];
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
  assert.equal(matcher(facts), undefined);
  assert.equal(matcher({ ...facts, transportProtocol: 'tls' }), 0);
  assert.equal(matcher({ ...facts, destinationPort: 1 }), 1);
});

test("the longest prefix, the client's first protocol, the exact port", () => {
  const prefixes = compileFilterChainMatch(
    [8, 24, 32, 0].map((prefixLen) => match({ prefixRanges: [{ addressPrefix: '10.0.0.1', prefixLen }] })),
  );
  assert.deepEqual(
    ['10.0.0.1', '10.0.0.9', '10.9.9.9', '11.0.0.1'].map((destinationIp) => prefixes({ ...facts, destinationIp })),
    [2, 1, 0, 3],
  );
  const protocols = compileFilterChainMatch([
    match({ applicationProtocols: ['h2'] }),
    match({ applicationProtocols: ['istio', 'http/1.1'] }),
  ]);
  assert.equal(protocols({ ...facts, applicationProtocols: ['istio', 'h2'] }), 1);
  assert.equal(protocols({ ...facts, applicationProtocols: ['h2', 'istio'] }), 0);
});

const range = fc.constantFrom('10.0.0.0/8', '10.0.0.0/24', '10.0.0.2/32', '2001:db8::/32', '2001:db8::/33');
const ranges = fc.uniqueArray(range, { maxLength: 2 });
const chain = fc.record({
  destinationPort: fc.constantFrom(undefined, 80, 9080),
  destination: ranges,
  serverNames: fc.subarray(['a.x.y', '*.x.y', '*.y', 'b.y'], { maxLength: 2 }),
  transportProtocol: fc.constantFrom('', 'tls', 'raw_buffer'),
  applicationProtocols: fc.subarray(['h2', 'istio', 'http/1.1'], { maxLength: 2 }),
  directSource: ranges,
  sourceType: fc.constantFrom(SourceType.ANY, SourceType.SAME_IP_OR_LOOPBACK, SourceType.EXTERNAL),
  source: ranges,
  sourcePorts: fc.subarray([1, 2]),
});
type Chain = typeof chain extends fc.Arbitrary<infer Value> ? Value : never;

const ip = fc.constantFrom('10.0.0.2', '10.0.0.3', '10.1.0.1', '127.0.0.1', '2001:db8::1', '2001:db8:8000::1');
const connection: fc.Arbitrary<ConnectionFacts> = fc.record({
  destinationPort: fc.constantFrom(80, 9080, 1),
  destinationIp: ip,
  serverName: fc.constantFrom('', 'a.x.y', 'c.x.y', 'b.y', 'y', 'a.b.x.y'),
  transportProtocol: fc.constantFrom('tls', 'raw_buffer'),
  applicationProtocols: fc.shuffledSubarray(['h2', 'istio', 'http/1.1', 'other']),
  directSourceIp: ip,
  sourceIp: ip,
  sourcePort: fc.constantFrom(1, 3),
});

type Key = string | number;

/** The keys of a chain at each level of Envoy's nested maps; '' stands for anything. */
function keysOf(each: Chain): readonly (readonly Key[])[] {
  const orAny = (keys: readonly Key[]) => (keys.length > 0 ? keys : ['']);
  return [
    [each.destinationPort ?? ''],
    orAny(each.destination),
    orAny(each.serverNames.map((name) => name.replace(/^\*/, ''))),
    [each.transportProtocol],
    orAny(each.applicationProtocols),
    orAny(each.directSource),
    [each.sourceType || ''],
    orAny(each.source),
    orAny(each.sourcePorts),
  ];
}

/** The keys that a connection fits at each level, the best first. */
function wanted(known: ConnectionFacts): readonly (readonly Key[])[] {
  const name = known.serverName;
  const isLocal = known.sourceIp === known.destinationIp || known.sourceIp === '127.0.0.1';
  return [
    [known.destinationPort, ''],
    [...rangesAround(known.destinationIp), ''],
    [name, ...Array.from(name.matchAll(/(?!^)\./g), ({ index }) => name.slice(index)), ''],
    [known.transportProtocol, ''],
    [...known.applicationProtocols, ''],
    [...rangesAround(known.directSourceIp), ''],
    [isLocal ? SourceType.SAME_IP_OR_LOOPBACK : SourceType.EXTERNAL, ''],
    [...rangesAround(known.sourceIp), ''],
    [known.sourcePort, ''],
  ];
}

function rangesAround(address: string): readonly string[] {
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  const all = ['2001:db8::/33', '2001:db8::/32', '10.0.0.2/32', '10.0.0.0/24', '10.0.0.0/8'];
  return all.filter((text) => {
    const [prefix = '', length] = text.split('/');
    const block = new BlockList();
    block.addSubnet(prefix, Number(length), prefix.includes(':') ? 'ipv6' : 'ipv4');
    return block.check(address, family);
  });
}

/** At each level the best key that some chain has, then only the chains under that key. */
function model(chains: readonly Chain[], known: ConnectionFacts): number | undefined {
  let left = chains.map((_, index) => index);
  for (const [level, keys] of wanted(known).entries()) {
    const key = keys.find((each) => left.some((index) => keysOf(chains[index]!)[level]!.includes(each)));
    if (key === undefined) return undefined;
    left = left.filter((index) => keysOf(chains[index]!)[level]!.includes(key));
  }
  return left[0];
}

function overlap(one: Chain, other: Chain): boolean {
  const theirs = keysOf(other);
  return keysOf(one).every((keys, level) => keys.some((key) => theirs[level]!.includes(key)));
}

function matchOf(each: Chain): FilterChainMatch {
  const cidr = (text: string) => {
    const [addressPrefix = '', prefixLen] = text.split('/');
    return { addressPrefix, prefixLen: Number(prefixLen) };
  };
  return match({
    ...each,
    prefixRanges: each.destination.map(cidr),
    directSourcePrefixRanges: each.directSource.map(cidr),
    sourcePrefixRanges: each.source.map(cidr),
  });
}

test('the choice is that of nested maps, for any chains and connections; chains that match the same are refused', () => {
  fc.assert(
    fc.property(fc.array(chain, { maxLength: 6 }), connection, (chains, known) => {
      const overlapping = chains.some((one, index) => chains.slice(index + 1).some((other) => overlap(one, other)));
      const compile = () => compileFilterChainMatch(chains.map(matchOf));
      if (overlapping) assert.throws(compile, { code: 'BAD_FILTER_CHAIN' });
      else assert.equal(compile()(known), model(chains, known));
    }),
    { numRuns: 5000 },
  );
});
