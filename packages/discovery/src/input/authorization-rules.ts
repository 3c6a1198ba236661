// Who may call a proxy's listeners, as plain values: a part of their cache key.
import type { AuthorizationPolicy } from '@meltemi/config';
import type { AuthorizerInput } from './authorizer-input.ts';

export type AuthorizationRule = NonNullable<AuthorizationPolicy['rules']>[number];
export type AuthorizationAction = NonNullable<AuthorizationPolicy['action']>;

export interface AuthorizationInput {
  readonly policies: readonly AuthorizationPolicyInput[];
  /** Who decides for CUSTOM policies, by name. */
  readonly authorizers: Readonly<Record<string, AuthorizerInput>>;
  /** The mesh's own, then its other names. */
  readonly trustDomains: readonly string[];
  /** Where rules name a port, the one that stands for it on this machine; undefined: every port is itself. */
  readonly ports: Readonly<Record<string, number>> | undefined;
}

export interface AuthorizationPolicyInput {
  readonly namespace: string;
  readonly name: string;
  readonly action: AuthorizationAction;
  /** Only counted and logged, never enforced. */
  readonly dryRun: boolean;
  /** Who decides under CUSTOM; empty otherwise. */
  readonly provider: string;
  readonly rules: readonly AuthorizationRule[];
}

/** Everybody may call. */
export const NO_AUTHORIZATION: AuthorizationInput = {
  policies: [],
  authorizers: {},
  trustDomains: [],
  ports: undefined,
};
