// Handlers of the adapters that count and limit.
// https://istio.io/v1.0/docs/reference/config/policy-and-telemetry/adapters/memquota/
import { int64, integer, labelMap, list, message, type MessageField, numberedTexts, text } from '../../schema.ts';
import { duration } from '../../text-check.ts';

export interface MemQuota {
  readonly quotas?: readonly QuotaLimit[];
  readonly minDeduplicationDuration?: string;
}

/** `name` is the full name of a quota instance. Without `validDuration` what was taken is never given back. */
export interface QuotaLimit extends QuotaAmount {
  readonly name?: string;
  /** The first whose dimensions all hold takes the place of the limit. */
  readonly overrides?: readonly (QuotaAmount & { readonly dimensions?: Readonly<Record<string, string>> })[];
}

export interface QuotaAmount {
  readonly maxAmount?: number;
  readonly validDuration?: string;
}

const amount = { maxAmount: int64, validDuration: duration };
const limit = { name: text(), ...amount };

const gcpQuota = message({ name: text(), googleQuotaMetricName: text(), expiration: duration });

export const QUOTA_ADAPTERS = {
  memquota: message({
    quotas: list(message({ ...limit, overrides: list(message({ ...amount, dimensions: labelMap })) })),
    minDeduplicationDuration: duration,
  }),
  redisquota: message({
    quotas: list(
      message({
        ...limit,
        bucketDuration: duration,
        rateLimitAlgorithm: numberedTexts('FIXED_WINDOW', 'ROLLING_WINDOW'),
        overrides: list(message({ dimensions: labelMap, maxAmount: int64 })),
      }),
    ),
    redisServerUrl: text(),
    connectionPoolSize: int64,
  }),
  servicecontrol: message({
    runtimeConfig: message({ checkCacheSize: integer(0, 2_147_483_647), checkResultExpiration: duration }),
    credentialPath: text(),
    serviceConfigs: list(message({ meshServiceName: text(), googleServiceName: text(), quotas: list(gcpQuota) })),
  }),
} as const satisfies Readonly<Record<string, MessageField>>;

export type QuotaAdapterName = keyof typeof QUOTA_ADAPTERS;
