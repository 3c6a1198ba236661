// Settings → the rules that lead a pod's traffic to its sidecar, in the order of today's istio-iptables.
import { dnsRules, dnsZoneRules } from './dns-rules.ts';
import { inboundRules } from './inbound-rules.ts';
import { outboundRules } from './outbound-rules.ts';
import type { Family, RedirectSettings } from './redirect-settings.ts';
import { append, insert, type Rule, type Table } from './rule.ts';
import { tproxyLoopRules } from './tproxy-rules.ts';

export function redirectRules(settings: RedirectSettings, family: Family): readonly Rule[] {
  return [
    ...excludedInterfaceRules(settings), // what never meets the mesh, before everything
    ...reroutedInterfaceRules(settings), // virtual machines behind the pod
    ...invalidPacketRules(settings), // conntrack lost them: redirection would reset their connection
    ...targetRules(settings), // where redirected traffic ends
    ...inboundRules(settings, family), // to the application
    ...outboundRules(settings, family, dnsRules(settings, family)), // from the application
    ...dnsZoneRules(settings, family), // one conntrack zone a side of the DNS proxy
    ...tproxyLoopRules(settings, family), // what the sidecar sends to the application, marked
  ];
}

function excludedInterfaceRules({ mode, interfacesExcluded }: RedirectSettings): readonly Rule[] {
  const tables: readonly Table[] = mode === 'TPROXY' ? ['nat', 'mangle'] : ['nat'];
  return tables.flatMap((table) =>
    interfacesExcluded.flatMap((name) => [
      append(table, 'PREROUTING', `-i ${name} -j RETURN`),
      append(table, 'OUTPUT', `-o ${name} -j RETURN`),
    ]),
  );
}

function reroutedInterfaceRules({ interfacesRerouted }: RedirectSettings): readonly Rule[] {
  return interfacesRerouted.map((name) => insert('nat', 'PREROUTING', 1, `-i ${name} -j RETURN`));
}

function invalidPacketRules({ dropInvalid }: RedirectSettings): readonly Rule[] {
  if (!dropInvalid) return [];
  return [
    append('mangle', 'PREROUTING', '-m conntrack --ctstate INVALID -j ISTIO_DROP'),
    append('mangle', 'ISTIO_DROP', '-j DROP'),
  ];
}

/** Tunnels bring their own address: they are not redirected. */
function targetRules({ proxyPort, inboundCapturePort, inboundTunnelPort }: RedirectSettings): readonly Rule[] {
  return [
    append('nat', 'ISTIO_INBOUND', `-p tcp --dport ${inboundTunnelPort} -j RETURN`),
    append('nat', 'ISTIO_REDIRECT', `-p tcp -j REDIRECT --to-ports ${proxyPort}`),
    append('nat', 'ISTIO_IN_REDIRECT', `-p tcp -j REDIRECT --to-ports ${inboundCapturePort}`),
  ];
}
