// Which connections to the application go to the sidecar first: by REDIRECT, or by TPROXY, which keeps their addresses.
import type { Family, RedirectSettings } from './redirect-settings.ts';
import { append, type Rule } from './rule.ts';

export function inboundRules(settings: RedirectSettings, family: Family): readonly Rule[] {
  if (settings.inboundPorts.kind === 'none') return [];
  return settings.mode === 'TPROXY' ? byTproxy(settings, family) : byRedirect(settings);
}

function byRedirect({ inboundPorts }: RedirectSettings): readonly Rule[] {
  return [
    append('nat', 'PREROUTING', '-p tcp -j ISTIO_INBOUND'),
    ...excludedPorts('nat', inboundPorts),
    ...chosenPorts(inboundPorts).map((match) => append('nat', 'ISTIO_INBOUND', `${match} -j ISTIO_IN_REDIRECT`)),
  ];
}

function byTproxy(settings: RedirectSettings, { loopback }: Family): readonly Rule[] {
  const { inboundPorts, inboundCapturePort, tproxyMark } = settings;
  const target = `TPROXY --tproxy-mark ${tproxyMark}/0xffffffff --on-port ${inboundCapturePort}`;
  return [
    append('mangle', 'ISTIO_DIVERT', `-j MARK --set-mark ${tproxyMark}`),
    append('mangle', 'ISTIO_DIVERT', '-j ACCEPT'),
    append('mangle', 'ISTIO_TPROXY', `! -d ${loopback} -p tcp -j ${target}`),
    append('mangle', 'PREROUTING', '-p tcp -j ISTIO_INBOUND'),
    ...excludedPorts('mangle', inboundPorts),
    // A connection that has a socket here goes straight to it.
    ...chosenPorts(inboundPorts).flatMap((match) => [
      append('mangle', 'ISTIO_INBOUND', `${match} -m conntrack --ctstate RELATED,ESTABLISHED -j ISTIO_DIVERT`),
      append('mangle', 'ISTIO_INBOUND', `${match} -j ISTIO_TPROXY`),
    ]),
  ];
}

function excludedPorts(table: 'nat' | 'mangle', ports: RedirectSettings['inboundPorts']): readonly Rule[] {
  if (ports.kind !== 'all') return [];
  return ports.except.map((port) => append(table, 'ISTIO_INBOUND', `-p tcp --dport ${port} -j RETURN`));
}

function chosenPorts(ports: RedirectSettings['inboundPorts']): readonly string[] {
  switch (ports.kind) {
    case 'none':
      return [];
    case 'all':
      return ['-p tcp'];
    case 'some':
      return ports.ports.map((port) => `-p tcp --dport ${port}`);
  }
}
