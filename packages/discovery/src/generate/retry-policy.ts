// RetryInput → RetryPolicy.
import { create } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import { type RetryPolicy, RetryPolicySchema } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { PreviousHostsPredicateSchema } from '@meltemi/api/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb';
import { PreviousPrioritiesConfigSchema } from '@meltemi/api/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb';
import { msToDuration } from '@meltemi/base';
import type { RetryInput } from '../input/route-input.ts';

/** Every second try asks another priority. */
const UPDATE_FREQUENCY = 2;

/** `sticks`: its requests belong to one host, which is asked again where nothing else is said. */
export function retryPolicy(input: RetryInput, sticks: boolean): RetryPolicy {
  return create(RetryPolicySchema, {
    retryOn: input.on,
    numRetries: input.attempts,
    ...(input.perTryTimeoutMs > 0 && { perTryTimeout: msToDuration(input.perTryTimeoutMs) }),
    retriableStatusCodes: [...input.statusCodes],
    ...((input.otherHosts ?? !sticks) && { retryHostPredicate: [otherHosts()] }),
    ...(input.otherLocalities && { retryPriority: otherPriorities() }),
    ...(input.backOffMs !== undefined && { retryBackOff: { baseInterval: msToDuration(input.backOffMs) } }),
    hostSelectionRetryMaxAttempts: 5n,
  });
}

/** A host that failed is not asked again, as far as there are others. */
function otherHosts() {
  const value = packAny(PreviousHostsPredicateSchema, create(PreviousHostsPredicateSchema));
  return {
    name: 'envoy.retry_host_predicates.previous_hosts',
    configType: { case: 'typedConfig' as const, value },
  };
}

function otherPriorities() {
  const config = create(PreviousPrioritiesConfigSchema, { updateFrequency: UPDATE_FREQUENCY });
  return {
    name: 'envoy.retry_priorities.previous_priorities',
    configType: { case: 'typedConfig' as const, value: packAny(PreviousPrioritiesConfigSchema, config) },
  };
}
