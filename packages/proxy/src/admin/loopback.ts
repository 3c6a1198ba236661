// Tells whether a Host header names this machine by its loopback name or addresses.
import { isIPv4 } from 'node:net';

/** `host` or `host:port`; IPv6 in brackets. */
export function isLoopbackHost(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || name === '[::1]' || (isIPv4(name) && name.startsWith('127.'));
}
