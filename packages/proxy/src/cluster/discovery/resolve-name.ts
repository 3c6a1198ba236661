// Turns a host name into IP addresses by the system's resolver.
import { lookup } from 'node:dns/promises';

/** `v4-then-v6`: IPv6 addresses only where there is no IPv4 one. */
export type DnsFamily = 'v4' | 'v6' | 'v4-then-v6' | 'all';

/** Rejects when the name has no address. */
export type ResolveName = (name: string, family: DnsFamily) => Promise<readonly string[]>;

export async function resolveName(name: string, family: DnsFamily): Promise<readonly string[]> {
  const wanted = family === 'v4' ? 4 : family === 'v6' ? 6 : 0;
  const found = await lookup(name, { all: true, family: wanted });
  const v4 = found.filter((answer) => answer.family === 4);
  const used = family === 'v4-then-v6' && v4.length > 0 ? v4 : found;
  return used.map((answer) => answer.address);
}
