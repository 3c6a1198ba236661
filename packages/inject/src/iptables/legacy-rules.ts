// The rules of Istio 0.1 and 0.2 (prepare_proxy.sh): one port for both directions, IPv4, each rule with its name.
import type { RedirectSettings } from './redirect-settings.ts';
import { append, type Rule } from './rule.ts';

export function legacyRules({ proxyPort, proxyUids, outboundRanges }: RedirectSettings): readonly Rule[] {
  return [
    named('ISTIO_REDIRECT', '-p tcp', `REDIRECT --to-ports ${proxyPort}`, 'redirect-to-envoy-port'),
    named('PREROUTING', '', 'ISTIO_REDIRECT', 'install-istio-prerouting'),
    named('OUTPUT', '-p tcp', 'ISTIO_OUTPUT', 'install-istio-output'),
    // A service of the application itself, by the service's address.
    named('ISTIO_OUTPUT', '-o lo ! -d 127.0.0.1/32', 'ISTIO_REDIRECT', 'redirect-implicit-loopback'),
    ...proxyUids.map((uid) => named('ISTIO_OUTPUT', `-m owner --uid-owner ${uid}`, 'RETURN', 'bypass-envoy')),
    named('ISTIO_OUTPUT', '-d 127.0.0.1/32', 'RETURN', 'bypass-explicit-loopback'),
    ...rangeRules(outboundRanges),
  ];
}

function rangeRules(ranges: RedirectSettings['outboundRanges']): readonly Rule[] {
  if (ranges.kind === 'all') return [named('ISTIO_OUTPUT', '', 'ISTIO_REDIRECT', 'redirect-default-outbound')];
  return [
    ...ranges.v4.map((range) => named('ISTIO_OUTPUT', `-d ${range}`, 'ISTIO_REDIRECT', `redirect-ip-range-${range}`)),
    named('ISTIO_OUTPUT', '', 'RETURN', 'bypass-default-outbound'),
  ];
}

function named(chain: string, match: string, target: string, name: string): Rule {
  return append('nat', chain, `${match === '' ? '' : `${match} `}-m comment --comment istio/${name} -j ${target}`);
}
