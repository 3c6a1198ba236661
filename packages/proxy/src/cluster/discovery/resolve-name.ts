// Turns a host name into IP addresses by the system's resolver.
import { lookup, resolve4, resolve6 } from 'node:dns/promises';

/** `v4-then-v6`: IPv6 addresses only where there is no IPv4 one. */
export type DnsFamily = 'v4' | 'v6' | 'v4-then-v6' | 'all';

/** Rejects when the name has no address. */
export type ResolveName = (name: string, family: DnsFamily) => Promise<readonly string[]>;

/** How long an answer for the name holds, in milliseconds; undefined where no DNS server says. Never rejects. */
export type AskTtl = (name: string, family: DnsFamily) => Promise<number | undefined>;

export async function resolveName(name: string, family: DnsFamily): Promise<readonly string[]> {
  const wanted = family === 'v4' ? 4 : family === 'v6' ? 6 : 0;
  const found = await lookup(name, { all: true, family: wanted });
  const v4 = found.filter((answer) => answer.family === 4);
  const used = family === 'v4-then-v6' && v4.length > 0 ? v4 : found;
  return used.map((answer) => answer.address);
}

/** The system's resolver knows names that DNS doesn't, and says no times: DNS is asked for these apart. */
export async function askTtl(name: string, family: DnsFamily): Promise<number | undefined> {
  try {
    const records = await (family === 'v6' ? resolve6(name, { ttl: true }) : resolve4(name, { ttl: true }));
    const seconds = Math.min(...records.map((record) => record.ttl));
    return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
  } catch {
    return undefined;
  }
}
