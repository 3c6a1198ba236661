// Turns circuit breaker thresholds into limits by priority, with Envoy's defaults.
import type { CircuitBreakers } from '@meltemi/api/envoy/config/cluster/v3/circuit_breaker_pb';
import { RoutingPriority } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { CircuitLimits, Priority } from '../cluster.ts';

export type LimitsByPriority = Readonly<Record<Priority, CircuitLimits>>;

export function circuitLimits(breakers: CircuitBreakers | undefined): LimitsByPriority {
  return { default: limitsOf(breakers, RoutingPriority.DEFAULT), high: limitsOf(breakers, RoutingPriority.HIGH) };
}

/** Connections that one host may have: Infinity where nothing limits them. */
export function hostConnectionLimit(breakers: CircuitBreakers | undefined): number {
  const found = breakers?.perHostThresholds.find((thresholds) => thresholds.priority === RoutingPriority.DEFAULT);
  return found?.maxConnections ?? Infinity;
}

/** The first thresholds of a priority count. */
function limitsOf(breakers: CircuitBreakers | undefined, priority: RoutingPriority): CircuitLimits {
  const found = breakers?.thresholds.find((thresholds) => thresholds.priority === priority);
  return {
    maxConnections: found?.maxConnections ?? 1024,
    maxPendingRequests: found?.maxPendingRequests ?? 1024,
    maxRequests: found?.maxRequests ?? 1024,
    maxRetries: found?.maxRetries ?? 3,
    retryBudget: found?.retryBudget && {
      percent: found.retryBudget.budgetPercent?.value ?? 20,
      minimum: found.retryBudget.minRetryConcurrency ?? 3,
    },
    tracksRemaining: found?.trackRemaining ?? false,
  };
}
