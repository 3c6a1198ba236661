// Turns the host predicates of a retry policy into what the choice of the next host must heed.
import { unpackAny } from '@meltemi/api';
import type { RetryPolicy } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { PreviousPrioritiesConfigSchema } from '@meltemi/api/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb';
import { OmitHostMetadataConfigSchema } from '@meltemi/api/envoy/extensions/retry/host/omit_host_metadata/v3/omit_host_metadata_config_pb';
import { DecideError } from './decide-error.ts';

/** Hosts that another try should not go to. */
export interface RetryHosts {
  /** Those that were tried. */
  readonly previousHosts: boolean;
  /** Those that are canaries. */
  readonly canaryHosts: boolean;
  /** Those whose `envoy.lb` metadata have all of these. */
  readonly metadata: readonly Readonly<Record<string, unknown>>[];
  /** After each so many tries, priorities that were tried are left out; 0: never. */
  readonly priorityUpdate: number;
  /** How often to choose again when the host chosen is one of those. */
  readonly attempts: number;
}

/** Throws DecideError. */
export function compileRetryHosts(message: RetryPolicy | undefined): RetryHosts {
  const predicates = message?.retryHostPredicate ?? [];
  const names = predicates.map(({ name }) => name);
  for (const name of names) {
    if (!KNOWN.has(name)) throw new DecideError('UNSUPPORTED', `retry host predicate ${name}`);
  }
  return {
    previousHosts: names.includes(PREVIOUS_HOSTS),
    canaryHosts: names.includes(OMIT_CANARY),
    metadata: predicates.filter(({ name }) => name === OMIT_METADATA).map(omittedMetadata),
    priorityUpdate: priorityUpdateOf(message?.retryPriority),
    attempts: Number(message?.hostSelectionRetryMaxAttempts ?? 0n) || 1,
  };
}

const PREVIOUS_HOSTS = 'envoy.retry_host_predicates.previous_hosts';
const OMIT_CANARY = 'envoy.retry_host_predicates.omit_canary_hosts';
const OMIT_METADATA = 'envoy.retry_host_predicates.omit_host_metadata';
const KNOWN: ReadonlySet<string> = new Set([PREVIOUS_HOSTS, OMIT_CANARY, OMIT_METADATA]);

const PREVIOUS_PRIORITIES = 'envoy.retry_priorities.previous_priorities';

function priorityUpdateOf(priority: RetryPolicy['retryPriority']): number {
  if (!priority) return 0;
  const config = unpackAny(priority.configType.value, PreviousPrioritiesConfigSchema);
  if (!config) throw new DecideError('UNSUPPORTED', `retry priority ${priority.name}`);
  if (config.updateFrequency <= 0)
    throw new DecideError('BAD_RETRY', `${PREVIOUS_PRIORITIES}: update_frequency wants more than 0`);
  return config.updateFrequency;
}

function omittedMetadata({ configType }: RetryPolicy['retryHostPredicate'][number]): Readonly<Record<string, unknown>> {
  const config = unpackAny(configType.value, OmitHostMetadataConfigSchema);
  if (!config) throw new DecideError('BAD_RETRY', `${OMIT_METADATA} has no config`);
  return config.metadataMatch?.filterMetadata['envoy.lb'] ?? {};
}
