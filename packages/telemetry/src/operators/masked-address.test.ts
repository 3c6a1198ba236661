import assert from 'node:assert/strict';
import { BlockList, isIPv4 } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { maskedAddress } from './masked-address.ts';

test('the network of an address has it in, whatever the length of its prefix', () => {
  const sized = fc.oneof(
    fc.tuple(fc.ipV4(), fc.nat(32)),
    fc.tuple(
      fc.ipV6().filter((ip) => !ip.includes('.')),
      fc.nat(128),
    ),
  );
  fc.assert(
    fc.property(sized, ([ip, bits]) => {
      const [network, length] = maskedAddress(ip, bits)!.split('/') as [string, string];
      const family = isIPv4(ip) ? 'ipv4' : 'ipv6';
      const list = new BlockList();
      list.addSubnet(network, Number(length), family);
      assert.ok(list.check(ip, family));
      assert.equal(maskedAddress(network, bits), `${network}/${bits}`);
    }),
  );
});

test('what is no address, or shorter than the prefix, has no network', () => {
  assert.deepEqual([maskedAddress('/run/socket', 8), maskedAddress('10.0.0.1', 33)], [undefined, undefined]);
});
