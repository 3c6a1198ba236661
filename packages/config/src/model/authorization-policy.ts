// AuthorizationPolicy: who may call a workload, and what. https://istio.io/latest/docs/reference/config/security/authorization-policy/
import type { PolicyTarget, WorkloadSelector } from './selector.ts';

export interface AuthorizationPolicy {
  readonly selector?: WorkloadSelector;
  readonly targetRef?: PolicyTarget;
  readonly targetRefs?: readonly PolicyTarget[];
  readonly rules?: readonly AuthorizationRule[];
  readonly action?: 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM';
  readonly provider?: { readonly name?: string };
}

/** Every part that is there must match; of a part's entries, one. */
export interface AuthorizationRule {
  readonly from?: readonly { readonly source: AuthorizationSource }[];
  readonly to?: readonly { readonly operation: AuthorizationOperation }[];
  readonly when?: readonly AuthorizationCondition[];
}

/** Who calls: fields that have an opposite, `notPrincipals`. */
export const SOURCE = [
  'principals',
  'requestPrincipals',
  'namespaces',
  'serviceAccounts',
  'trustDomains',
  'ipBlocks',
  'remoteIpBlocks',
] as const;
/** What is called: fields that have an opposite. */
export const OPERATION = ['hosts', 'ports', 'methods', 'paths'] as const;

type WithOpposites<Name extends string> = { readonly [Field in Name | `not${Capitalize<Name>}`]?: readonly string[] };
export type AuthorizationSource = WithOpposites<(typeof SOURCE)[number]>;
export type AuthorizationOperation = WithOpposites<(typeof OPERATION)[number]>;

/** `key` is an attribute, `request.headers[version]`. */
export interface AuthorizationCondition {
  readonly key: string;
  readonly values?: readonly string[];
  readonly notValues?: readonly string[];
}
