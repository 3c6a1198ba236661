// ChainMatchInput → FilterChainMatch: which connections a filter chain takes.
import { isIPv6 } from 'node:net';
import { create } from '@bufbuild/protobuf';
import { CidrRangeSchema } from '@meltemi/api/envoy/config/core/v3/address_pb';
import {
  type FilterChainMatch,
  FilterChainMatchSchema,
} from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import type { ChainMatchInput } from '../input/listener-input.ts';

const TRANSPORT = { tls: 'tls', plaintext: 'raw_buffer' } as const;

/** Undefined: it takes all. */
export function filterChainMatch(input: ChainMatchInput): FilterChainMatch | undefined {
  const { port, prefixes, serverNames, transport, applicationProtocols } = input;
  const asks = port ?? transport ?? [...prefixes, ...serverNames, ...applicationProtocols].length;
  if (asks === 0) return undefined;
  return create(FilterChainMatchSchema, {
    ...(port !== undefined && { destinationPort: port }),
    prefixRanges: prefixes.map(cidrRange),
    serverNames: [...serverNames],
    transportProtocol: transport ? TRANSPORT[transport] : '',
    applicationProtocols: [...applicationProtocols],
  });
}

/** An address alone is a range of one. */
function cidrRange(prefix: string) {
  const [addressPrefix, length] = prefix.split('/');
  const whole = isIPv6(addressPrefix!) ? 128 : 32;
  return create(CidrRangeSchema, { addressPrefix: addressPrefix!, prefixLen: length ? Number(length) : whole });
}
