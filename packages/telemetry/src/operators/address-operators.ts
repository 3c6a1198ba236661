// The operators that write an end of a connection: whole, without its port, as a network, or the port alone.
import type { AccessLogEntry } from '../access-log-entry.ts';
import { maskedAddress } from './masked-address.ts';
import { badArgument, type CompileOperator, known, plain } from './operator.ts';

/** `ip:port`; undefined: there is no such connection. */
type Address = (entry: AccessLogEntry) => string | undefined;

const ADDRESSES: Readonly<Record<string, Address>> = {
  DOWNSTREAM_REMOTE: (entry) => entry.downstreamRemoteAddress,
  DOWNSTREAM_DIRECT_REMOTE: (entry) => entry.downstreamDirectRemoteAddress,
  DOWNSTREAM_LOCAL: (entry) => entry.downstreamLocalAddress,
  DOWNSTREAM_DIRECT_LOCAL: (entry) => entry.downstreamDirectLocalAddress ?? entry.downstreamLocalAddress,
  UPSTREAM_LOCAL: (entry) => entry.upstreamLocalAddress,
  // The host of a connection that never was is no remote address.
  UPSTREAM_REMOTE: (entry) => known(entry.upstreamLocalAddress) && entry.upstreamHost,
};

export const ADDRESS_OPERATORS: Readonly<Record<string, CompileOperator>> = Object.fromEntries(
  Object.entries(ADDRESSES).flatMap(([name, address]) => [
    [`${name}_ADDRESS`, plain((entry) => known(address(entry)))],
    [`${name}_ADDRESS_WITHOUT_PORT`, compileWithoutPort(address)],
    [`${name}_PORT`, plain((entry) => portOf(address(entry)))],
    // Only connections inside the proxy have one.
    [`${name}_ADDRESS_ENDPOINT_ID`, plain((entry) => known(address(entry)) && '')],
  ]),
);

export function withoutPort(address: string | undefined): string | undefined {
  return known(address)
    ?.replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1');
}

function compileWithoutPort(address: Address): CompileOperator {
  return (argument, _context, name) => {
    if (argument === undefined || argument === '') return (entry) => withoutPort(address(entry));
    const bits = Number(argument);
    if (!/^\d{1,3}$/.test(argument) || bits > 128) throw badArgument(name, `"${argument}" is no length of a prefix`);
    return (entry) => {
      const ip = withoutPort(address(entry));
      return ip === undefined ? undefined : maskedAddress(ip, bits);
    };
  };
}

function portOf(address: string | undefined): number | undefined {
  const port = /:(\d+)$/.exec(address ?? '')?.[1];
  return port === undefined ? undefined : Number(port);
}
