// Tells whether a Host header is no name that somebody's DNS could lead here: localhost, or an address.
import { isIP } from 'node:net';

/** `host` or `host:port`; IPv6 in brackets. */
export function isUnnamedHost(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
}
