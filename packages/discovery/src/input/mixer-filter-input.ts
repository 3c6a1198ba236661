// Everything that a listener's filter for Mixer depends on, as plain values.
import type { LoggedHeaders } from './mixer-headers.ts';

export type MixerAttribute =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'map'; readonly entries: Readonly<Record<string, string>> };

export interface MixerPolicyInput {
  /** Its rules are for all requests. */
  readonly configNamespace: string;
  /** Types of attributes by name; empty: those of the releases. */
  readonly manifest: Readonly<Record<string, string>>;
  readonly resources: readonly PolicyResourceInput[];
}

export type PolicyResourceInput = Readonly<Record<'kind' | 'namespace' | 'name', string>> & { readonly spec: object };

export interface MixerInput {
  /** What the proxy has for it: a filter of our own, or what Envoy has for services of others. */
  readonly by: 'filter' | 'services';
  readonly cluster: string;
  /** Of the workload that requests come to. */
  readonly attributes: Readonly<Record<string, MixerAttribute>>;
  /** Of the workload that requests come from; the next sidecar is told. */
  readonly forwarded: Readonly<Record<string, MixerAttribute>>;
  readonly check: boolean;
  readonly report: boolean;
  readonly quotas: Readonly<Record<string, number>>;
  readonly failClosed: boolean;
  /** Undefined: Mixer itself applies its rules. */
  readonly policy: MixerPolicyInput | undefined;
  /** Changes with Mixer's rules; empty: the policy does. */
  readonly rulesVersion: string;
  /** Fields that an Envoy tells of requests. */
  readonly loggedHeaders: LoggedHeaders;
}
