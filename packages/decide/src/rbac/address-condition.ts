// Turns a range of addresses into a condition.
import { BlockList, isIP } from 'node:net';
import type { CidrRange } from '@meltemi/api/envoy/config/core/v3/address_pb';
import { DecideError } from '../decide-error.ts';
import { type AccessCondition, leaf } from './access-condition.ts';
import type { AccessRequest } from './access-request.ts';

/** `what` names the address: `destination`. A range without length takes all, as Envoy's. Throws DecideError. */
export function addressCondition(
  what: string,
  { addressPrefix, prefixLen = 0 }: CidrRange,
  addressOf: (request: AccessRequest) => string,
): AccessCondition {
  const family = isIP(addressPrefix);
  if (family === 0 || prefixLen > (family === 4 ? 32 : 128)) {
    throw new DecideError('BAD_MATCH', `"${addressPrefix}/${prefixLen}" is no range of addresses`);
  }
  const range = new BlockList();
  range.addSubnet(addressPrefix, prefixLen, family === 4 ? 'ipv4' : 'ipv6');
  return leaf(`${what} in ${addressPrefix}/${prefixLen}`, (request) => contains(range, addressOf(request)));
}

/** What is no address, such as the path of a Unix socket, is in no range. */
function contains(range: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && range.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
