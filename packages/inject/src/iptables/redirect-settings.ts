// What of a pod's traffic goes to its sidecar.

export interface RedirectSettings {
  readonly mode: 'REDIRECT' | 'TPROXY';
  /** Where the sidecar listens for outbound connections, inbound connections, and HBONE tunnels. */
  readonly proxyPort: number;
  readonly inboundCapturePort: number;
  readonly inboundTunnelPort: number;
  readonly tproxyMark: number;
  readonly tproxyRouteTable: number;
  /** Users and groups that the sidecar runs as: what they send is not redirected again. */
  readonly proxyUids: readonly string[];
  readonly proxyGids: readonly string[];
  readonly inboundPorts: PortChoice;
  readonly outboundPorts: readonly number[];
  readonly outboundPortsExcluded: readonly number[];
  readonly outboundRanges: RangeChoice;
  readonly outboundRangesExcluded: Ranges;
  readonly interfacesExcluded: readonly string[];
  /** Interfaces of virtual machines: what comes from them is outbound. */
  readonly interfacesRerouted: readonly string[];
  readonly ownerGroups: OwnerGroups;
  readonly dns: DnsRedirect;
  readonly dropInvalid: boolean;
  /** Destinations that mean the application itself. */
  readonly loopbackV4: string;
  readonly ipv6: boolean;
}

export type PortChoice =
  | { readonly kind: 'none' }
  | { readonly kind: 'all'; readonly except: readonly number[] }
  | { readonly kind: 'some'; readonly ports: readonly number[] };

/** CIDRs by family. */
export interface Ranges {
  readonly v4: readonly string[];
  readonly v6: readonly string[];
}

export type RangeChoice = { readonly kind: 'all' } | ({ readonly kind: 'some' } & Ranges);

/** Groups (names or ids) whose outbound traffic is redirected. */
export type OwnerGroups =
  | { readonly kind: 'all-except'; readonly groups: readonly string[] }
  | { readonly kind: 'only'; readonly groups: readonly string[] };

export type DnsRedirect = { readonly kind: 'off' } | { readonly kind: 'all' } | ({ readonly kind: 'servers' } & Ranges);

/** What differs between the families of addresses. */
export interface Family {
  readonly name: 'ipv4' | 'ipv6';
  readonly loopback: string;
  /** Where the sidecar's own connections to the application come from. */
  readonly passthrough: string;
  readonly ranges: 'v4' | 'v6';
  /** Prefix length of one host. */
  readonly hostBits: number;
}

export function families({ loopbackV4, ipv6 }: RedirectSettings): readonly Family[] {
  const v4: Family = { name: 'ipv4', loopback: loopbackV4, passthrough: '127.0.0.6/32', ranges: 'v4', hostBits: 32 };
  const v6: Family = { name: 'ipv6', loopback: '::1/128', passthrough: '::6/128', ranges: 'v6', hostBits: 128 };
  return ipv6 ? [v4, v6] : [v4];
}
