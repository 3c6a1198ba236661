// Which localities take a caller's requests. https://istio.io/latest/docs/reference/config/networking/destination-rule/#LocalityLoadBalancerSetting
import { count, flag, list, mapOf, message, text, texts } from '../schema.ts';

/** Localities are `region/zone/subzone`, whose parts may be `*`. */
export interface LocalityLoadBalancing {
  readonly enabled?: boolean;
  /** Shares of 100, by where requests come from and where they go. */
  readonly distribute?: readonly { readonly from?: string; readonly to?: Readonly<Record<string, number>> }[];
  /** By region. */
  readonly failover?: readonly { readonly from?: string; readonly to?: string }[];
  /** Labels, or `label=value`: the more of them an endpoint has as its caller has, the sooner it is taken. */
  readonly failoverPriority?: readonly string[];
}

export const localityLoadBalancing = message({
  enabled: flag,
  distribute: list(message({ from: text(), to: mapOf(count) })),
  failover: list(message({ from: text(), to: text() })),
  failoverPriority: texts,
});
