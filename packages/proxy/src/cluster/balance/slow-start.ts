// Turns a host's age into the part of its weight that it gets while it warms up.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/slow_start
import type { BalancedHost } from './balanced-host.ts';

export interface SlowStart {
  readonly windowMs: number;
  /** 1: the weight grows evenly; more: quickly at first. */
  readonly aggression: number;
  /** Of the weight, in [0, 1]. */
  readonly minimum: number;
}

/** In (0, 1]. */
export function warmth(host: BalancedHost, settings: SlowStart, now: number): number {
  const age = Math.max(1, now - host.warmingSince);
  if (age >= settings.windowMs) return 1;
  return Math.max(settings.minimum, (age / settings.windowMs) ** (1 / settings.aggression), 1e-6);
}

/** Some host is still warming up: weights change by themselves. */
export function someWarms(hosts: readonly BalancedHost[], settings: SlowStart | undefined, now: number): boolean {
  return settings !== undefined && hosts.some((host) => now - host.warmingSince < settings.windowMs);
}
