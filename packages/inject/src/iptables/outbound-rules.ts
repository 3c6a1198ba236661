// Which connections of the application go to the sidecar first.
import type { Family, OwnerGroups, RedirectSettings } from './redirect-settings.ts';
import { append, insert, type Rule } from './rule.ts';

/** `dns`: the rules for its own port, which come before the destinations are looked at. */
export function outboundRules(settings: RedirectSettings, family: Family, dns: readonly Rule[]): readonly Rule[] {
  const { outboundPortsExcluded, outboundRangesExcluded, outboundPorts } = settings;
  return [
    append('nat', 'OUTPUT', '-j ISTIO_OUTPUT'),
    ...outboundPortsExcluded.map((port) => output(`-p tcp --dport ${port} -j RETURN`)),
    output(`-o lo -s ${family.passthrough} -j RETURN`),
    ...proxyRules(settings, family),
    ...ownerGroupRules(settings.ownerGroups),
    ...dns,
    output(`-d ${family.loopback} -j RETURN`),
    ...outboundRangesExcluded[family.ranges].map((range) => output(`-d ${range} -j RETURN`)),
    ...outboundPorts.map((port) => output(`-p tcp --dport ${port} -j ISTIO_REDIRECT`)),
    ...rangeRules(settings, family),
  ];
}

function output(text: string): Rule {
  return append('nat', 'ISTIO_OUTPUT', text);
}

/** What the sidecar itself sends: to the application by a service's address it is inbound; else it has passed. */
function proxyRules(settings: RedirectSettings, family: Family): readonly Rule[] {
  const { inboundTunnelPort, proxyUids, proxyGids } = settings;
  const toTunnel = `! --dport ${inboundTunnelPort}`;
  const toTunnelOrDns = `-m multiport ! --dports 53,${inboundTunnelPort}`;
  return [
    ...proxyUids.flatMap((uid) =>
      ownerRules(settings, family, `--uid-owner ${uid}`, settings.dns.kind === 'off' ? toTunnel : toTunnelOrDns),
    ),
    ...proxyGids.flatMap((gid) => ownerRules(settings, family, `--gid-owner ${gid}`, toTunnel)),
  ];
}

function ownerRules(settings: RedirectSettings, family: Family, owner: string, ports: string): readonly Rule[] {
  const notDns = settings.dns.kind === 'off' ? '' : '-p tcp ! --dport 53 ';
  return [
    output(`-o lo ! -d ${family.loopback} -p tcp ${ports} -m owner ${owner} -j ISTIO_IN_REDIRECT`),
    // Unless its loopback addresses are asked for, what the application says to itself stays there.
    ...(includesLoopback(settings) ? [] : [output(`-o lo ${notDns}-m owner ! ${owner} -j RETURN`)]),
    output(`-m owner ${owner} -j RETURN`),
  ];
}

function includesLoopback({ outboundRanges: ranges }: RedirectSettings): boolean {
  if (ranges.kind === 'all') return false;
  return (
    ranges.v4.some((range) => range.startsWith('127.')) || ranges.v6.some((range) => /^(::1|[0:]+1)\//.test(range))
  );
}

function ownerGroupRules(choice: OwnerGroups): readonly Rule[] {
  if (choice.kind === 'all-except')
    return choice.groups.map((group) => output(`-m owner --gid-owner ${group} -j RETURN`));
  const others = choice.groups.map((group) => `-m owner ! --gid-owner ${group}`);
  return [output([...others, '-j RETURN'].join(' '))];
}

function rangeRules({ outboundRanges, interfacesRerouted }: RedirectSettings, family: Family): readonly Rule[] {
  const matches = outboundRanges.kind === 'all' ? [''] : outboundRanges[family.ranges].map((range) => `-d ${range} `);
  const rerouted = (match: string): readonly Rule[] =>
    interfacesRerouted.map((name) => insert('nat', 'PREROUTING', 1, `-i ${name} ${match}-j ISTIO_REDIRECT`));
  return matches.flatMap((match) => [...rerouted(match), output(`${match}-j ISTIO_REDIRECT`)]);
}
