// Reads an address or a range of addresses, `10.0.0.1` or `10.0.0.0/8`.
import { isIP } from 'node:net';
import { create } from '@bufbuild/protobuf';
import { type CidrRange, CidrRangeSchema } from '@meltemi/api/envoy/config/core/v3/address_pb';

/** Undefined: it is neither. */
export function addressRange(text: string): CidrRange | undefined {
  const [addressPrefix = '', length, ...more] = text.split('/');
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(addressPrefix)] ?? -1;
  const prefixLen = length === undefined ? longest : Number(length);
  const isLength = length === undefined || /^\d{1,3}$/.test(length);
  if (longest < 0 || !isLength || prefixLen > longest || more.length > 0) return undefined;
  return create(CidrRangeSchema, { addressPrefix, prefixLen });
}
