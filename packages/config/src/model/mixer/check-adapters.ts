// Handlers of the adapters that answer yes or no, and of those that only know things.
// https://istio.io/v1.0/docs/reference/config/policy-and-telemetry/adapters/
import { anything, flag, integer, list, message, type MessageField, numberedTexts, text, texts } from '../../schema.ts';
import { duration } from '../../text-check.ts';

/** `status.code` is one of google.rpc's codes; without a status, FAILED_PRECONDITION. */
export interface Denier {
  readonly status?: { readonly code?: number; readonly message?: string };
  readonly validDuration?: string;
  readonly validUseCount?: number;
}

/** Entries of `overrides` are asked before those that the provider lists. */
export interface ListChecker {
  readonly providerUrl?: string;
  readonly refreshInterval?: string;
  readonly ttl?: string;
  readonly cachingInterval?: string;
  readonly cachingUseCount?: number;
  readonly overrides?: readonly string[];
  readonly entryType?: 'STRINGS' | 'CASE_INSENSITIVE_STRINGS' | 'IP_ADDRESSES' | 'REGEX';
  readonly blacklist?: boolean;
}

const int32 = integer(-2_147_483_648, 2_147_483_647);

export const CHECK_ADAPTERS = {
  bypass: message({
    backendAddress: text(),
    params: anything,
    sessionBased: flag,
  }),
  denier: message({
    status: message({ code: int32, message: text(), details: list(anything) }),
    validDuration: duration,
    validUseCount: int32,
  }),
  kubernetesenv: message({
    kubeconfigPath: text(),
    cacheRefreshDuration: duration,
    isV18Cluster: flag,
    clusterRegistriesNamespace: text(),
  }),
  listchecker: message({
    providerUrl: text(),
    refreshInterval: duration,
    ttl: duration,
    cachingInterval: duration,
    cachingUseCount: int32,
    overrides: texts,
    entryType: numberedTexts('STRINGS', 'CASE_INSENSITIVE_STRINGS', 'IP_ADDRESSES', 'REGEX'),
    blacklist: flag,
  }),
  noop: message({}),
  opa: message({ policy: texts, checkMethod: text(), failClose: flag }),
  rbac: message({ configStoreUrl: text(), cacheDuration: duration }),
} as const satisfies Readonly<Record<string, MessageField>>;

export type CheckAdapterName = keyof typeof CHECK_ADAPTERS;
