// Which DNS queries of the application go to the agent's DNS proxy.
import type { DnsRedirect, Family, RedirectSettings } from './redirect-settings.ts';
import { append, type Rule, type Table } from './rule.ts';

/** Where the agent answers DNS. */
const DNS_PROXY_PORT = 15_053;

export function dnsRules({ dns }: RedirectSettings, family: Family): readonly Rule[] {
  const destinations = matches(dns, family, '-d');
  if (destinations.length === 0) return [];
  return [
    append('nat', 'ISTIO_OUTPUT', '-j ISTIO_OUTPUT_DNS'),
    ...destinations.map((match) => query('nat', 'tcp', `${match}-j REDIRECT --to-ports ${DNS_PROXY_PORT}`)),
    ...destinations.map((match) => query('nat', 'udp', `${match}-j REDIRECT --to-port ${DNS_PROXY_PORT}`)),
  ];
}

/**
 * UDP has no connections: the agent's queries (zone 1) and the application's (zone 2) would be one entry of
 * conntrack where both use the same ports.
 */
export function dnsZoneRules({ dns, proxyUids, proxyGids }: RedirectSettings, family: Family): readonly Rule[] {
  if (dns.kind === 'off') return [];
  const owners = [...proxyUids.map((uid) => `--uid-owner ${uid}`), ...proxyGids.map((gid) => `--gid-owner ${gid}`)];
  return [
    append('raw', 'OUTPUT', '-j ISTIO_OUTPUT_DNS'),
    ...owners.flatMap((owner) => [
      query('raw', 'udp', `-m owner ${owner} -j CT --zone 1`),
      append('raw', 'ISTIO_OUTPUT_DNS', `-p udp --sport ${DNS_PROXY_PORT} -m owner ${owner} -j CT --zone 2`),
    ]),
    ...applicationZoneRules(dns, family),
  ];
}

function applicationZoneRules(dns: DnsRedirect, family: Family): readonly Rule[] {
  const [queries, answers] = [matches(dns, family, '-d'), matches(dns, family, '-s')];
  if (queries.length === 0) return [];
  return [
    append('raw', 'PREROUTING', '-j ISTIO_INBOUND'),
    ...queries.flatMap((match, index) => [
      query('raw', 'udp', `${match}-j CT --zone 2`),
      append('raw', 'ISTIO_INBOUND', `-p udp --sport 53 ${answers[index]}-j CT --zone 1`),
    ]),
  ];
}

function query(table: Table, protocol: 'tcp' | 'udp', rest: string): Rule {
  return append(table, 'ISTIO_OUTPUT_DNS', `-p ${protocol} --dport 53 ${rest}`);
}

/** One match a name server; an empty one for all. */
function matches(dns: DnsRedirect, family: Family, side: '-d' | '-s'): readonly string[] {
  switch (dns.kind) {
    case 'off':
      return [];
    case 'all':
      return [''];
    case 'servers':
      return dns[family.ranges].map((server) => `${side} ${server}/${family.hostBits} `);
  }
}
