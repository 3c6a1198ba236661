// The client's side of the metadata exchange: whatever the pieces, the application's bytes come through whole.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { UpstreamTcp } from '../cluster/cluster.ts';
import { NO_WORKLOAD, type Workload } from '../istio/workload.ts';
import { encodePeer } from '../listener/network/peer-exchange-message.ts';
import { PeerGreeting } from './peer-greeting.ts';

const PEER = encodePeer('sidecar~10.0.0.1~b.demo~demo.svc.cluster.local', { ...NO_WORKLOAD, name: 'b' });

function heard(pieces: readonly Buffer[]): { readonly bytes: Buffer; readonly peers: string[] } {
  const peers: string[] = [];
  const upstream = { write: () => true } as unknown as UpstreamTcp;
  const greeting = new PeerGreeting(upstream, PEER, (peer: Workload) => peers.push(peer.name));
  const parts = pieces.map((piece) => Buffer.from(greeting.received(piece) ?? ''));
  return { bytes: Buffer.concat([...parts, greeting.ended() ?? Buffer.alloc(0)]), peers };
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

const payloads = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
const places = fc.array(fc.nat(), { maxLength: 6 });

test('the answer at the head is taken off, in whatever pieces it comes', () => {
  fc.assert(
    fc.property(payloads, places, (payload, places) => {
      const { bytes, peers } = heard(cut(Buffer.concat([PEER, payload]), places));
      assert.deepEqual(bytes, payload);
      assert.deepEqual(peers, ['b']);
    }),
  );
});

test('bytes without such a head are left alone, also when they end early', () => {
  fc.assert(
    fc.property(payloads, places, fc.nat({ max: 7 }), (payload, places, kept) => {
      const bytes = Buffer.concat([PEER.subarray(0, kept), Buffer.from('x'), payload]);
      assert.deepEqual(heard(cut(bytes, places)), { bytes, peers: [] });
      const prefix = PEER.subarray(0, kept);
      assert.deepEqual(heard(cut(prefix, places)).bytes, prefix);
    }),
  );
});
