// TPROXY keeps the caller's address, so marks must tell the sidecar's connections to the application from the caller's own.
import type { Family, RedirectSettings } from './redirect-settings.ts';
import { append, insert, type Rule } from './rule.ts';

/** On packets of the sidecar to the application by the pod's address: they must reach the sidecar's inbound listener. */
const OUTBOUND_MARK = 1338;

export function tproxyLoopRules(settings: RedirectSettings, { loopback, passthrough }: Family): readonly Rule[] {
  const { mode, tproxyMark: mark, proxyUids, proxyGids } = settings;
  if (mode !== 'TPROXY') return [];
  const owners = [...proxyUids.map((uid) => `--uid-owner ${uid}`), ...proxyGids.map((gid) => `--gid-owner ${gid}`)];
  return [
    append('mangle', 'PREROUTING', `-p tcp -m mark --mark ${mark} -j CONNMARK --save-mark`),
    append('mangle', 'OUTPUT', `-p tcp -o lo -m mark --mark ${mark} -j RETURN`),
    ...owners.map((owner) =>
      append('mangle', 'OUTPUT', `! -d ${loopback} -p tcp -o lo -m owner ${owner} -j MARK --set-mark ${OUTBOUND_MARK}`),
    ),
    append('mangle', 'OUTPUT', `-p tcp -m connmark --mark ${mark} -j CONNMARK --restore-mark`),
    insert('mangle', 'ISTIO_INBOUND', 1, `-p tcp -m mark --mark ${mark} -j RETURN`),
    insert('mangle', 'ISTIO_INBOUND', 2, `-p tcp -s ${passthrough} -i lo -j RETURN`),
    insert('mangle', 'ISTIO_INBOUND', 3, `-p tcp -i lo -m mark ! --mark ${OUTBOUND_MARK} -j RETURN`),
  ];
}

/** `ip` commands that lead marked packets to the sidecar on this machine, and those that undo them. */
export function tproxyRoutes({ mode, tproxyMark, tproxyRouteTable }: RedirectSettings, family: Family): Routes {
  if (mode !== 'TPROXY') return { add: [], remove: [] };
  const version = family.name === 'ipv4' ? '-4' : '-6';
  const rule = ['fwmark', String(tproxyMark), 'lookup', String(tproxyRouteTable)];
  const route = ['local', 'default', 'dev', 'lo', 'table', String(tproxyRouteTable)];
  return {
    add: [
      [version, 'rule', 'add', ...rule],
      [version, 'route', 'replace', ...route],
    ],
    remove: [
      [version, 'rule', 'del', ...rule],
      [version, 'route', 'del', ...route],
    ],
  };
}

export interface Routes {
  readonly add: readonly (readonly string[])[];
  readonly remove: readonly (readonly string[])[];
}
