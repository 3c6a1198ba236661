// Turns the bootstrap's overload_manager into monitors of resources and the actions that their pressure triggers.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/operations/overload_manager/overload_manager
import { unpackAny } from '@meltemi/api';
import {
  type OverloadAction,
  type OverloadManager,
  type ResourceMonitor,
  ScaleTimersOverloadActionConfig_TimerType as TimerType,
  ScaleTimersOverloadActionConfigSchema,
  type Trigger,
} from '@meltemi/api/envoy/config/overload/v3/overload_pb';
import { DownstreamConnectionsConfigSchema } from '@meltemi/api/envoy/extensions/resource_monitors/downstream_connections/v3/downstream_connections_pb';
import { FixedHeapConfigSchema } from '@meltemi/api/envoy/extensions/resource_monitors/fixed_heap/v3/fixed_heap_pb';
import { durationToMs } from '@meltemi/base';

export interface OverloadSettings {
  readonly refreshMs: number;
  readonly monitors: readonly MonitorSettings[];
  readonly actions: readonly ActionSettings[];
  /** What `reduce_timeouts` leaves of idle timeouts at most pressure: a part of them, or milliseconds. */
  readonly leastIdle: LeastTimeout;
}

export type LeastTimeout =
  | { readonly kind: 'part'; readonly part: number }
  | { readonly kind: 'time'; readonly ms: number };

/** `heap`: pressure is the part of `max` bytes that is in use. `connections`: of `max` downstream connections. */
export interface MonitorSettings {
  readonly name: string;
  readonly kind: 'heap' | 'connections';
  readonly max: number;
}

export interface ActionSettings {
  readonly name: OverloadActionName;
  readonly triggers: readonly TriggerSettings[];
}

/** Off below `from`, full from `full` on, between them in proportion; pressures are 0 to 1. */
export interface TriggerSettings {
  readonly monitor: string;
  readonly from: number;
  readonly full: number;
}

export class OverloadConfigError extends Error {
  readonly code = 'BAD_OVERLOAD_MANAGER';
}

export const OVERLOAD_ACTIONS = [
  'envoy.overload_actions.stop_accepting_requests',
  'envoy.overload_actions.disable_http_keepalive',
  'envoy.overload_actions.stop_accepting_connections',
  'envoy.overload_actions.reject_incoming_connections',
  'envoy.overload_actions.shrink_heap',
  'envoy.overload_actions.reduce_timeouts',
] as const;

export type OverloadActionName = (typeof OVERLOAD_ACTIONS)[number];

/** Envoy's default. */
const REFRESH_MS = 1000;

/** Undefined without one. Throws OverloadConfigError. */
export function overloadSettings(config: OverloadManager | undefined): OverloadSettings | undefined {
  if (!config) return undefined;
  if (config.loadshedPoints.length > 0) throw new OverloadConfigError('loadshed_points are not supported: use actions');
  const monitors = config.resourceMonitors.map(monitorSettings);
  if (monitors.length === 0) throw new OverloadConfigError('resource_monitors is empty');
  refuseTwice(monitors.map(({ name }) => name));
  refuseTwice(config.actions.map(({ name }) => name));
  const names = new Set(monitors.map(({ name }) => name));
  const refreshMs = config.refreshInterval ? durationToMs(config.refreshInterval) : REFRESH_MS;
  if (refreshMs <= 0) throw new OverloadConfigError('refresh_interval must be greater than 0');
  const actions = config.actions.map((action) => actionSettings(action, names));
  return { refreshMs, monitors, actions, leastIdle: leastIdle(config.actions) };
}

function monitorSettings({ name, configType }: ResourceMonitor): MonitorSettings {
  const config = configType.value;
  const heap = unpackAny(config, FixedHeapConfigSchema);
  if (heap) return { name, kind: 'heap', max: positive(name, heap.maxHeapSizeBytes) };
  const connections = unpackAny(config, DownstreamConnectionsConfigSchema);
  if (connections)
    return { name, kind: 'connections', max: positive(name, connections.maxActiveDownstreamConnections) };
  throw new OverloadConfigError(`resource monitor ${name} (${config?.typeUrl ?? 'without a type'}) is not supported`);
}

function positive(name: string, value: bigint): number {
  if (value <= 0n) throw new OverloadConfigError(`resource monitor ${name}: its maximum must be greater than 0`);
  return Number(value);
}

function actionSettings({ name, triggers }: OverloadAction, monitors: ReadonlySet<string>): ActionSettings {
  const known = OVERLOAD_ACTIONS.find((action) => action === name);
  if (!known) throw new OverloadConfigError(`overload action ${name} is not supported`);
  return { name: known, triggers: triggers.map((trigger) => triggerSettings(trigger, name, monitors)) };
}

/** Idle connections are what is scaled; other timers keep their times, and asking for that is refused. */
function leastIdle(actions: readonly OverloadAction[]): LeastTimeout {
  const least: LeastTimeout = { kind: 'part', part: 0 };
  const action = actions.find(({ name }) => name === 'envoy.overload_actions.reduce_timeouts');
  const timers = unpackAny(action?.typedConfig, ScaleTimersOverloadActionConfigSchema)?.timerScaleFactors ?? [];
  return timers.reduce<LeastTimeout>((_, { timer, overloadAdjust }) => {
    if (timer !== TimerType.HTTP_DOWNSTREAM_CONNECTION_IDLE)
      throw new OverloadConfigError(
        `reduce_timeouts: timer ${TimerType[timer]} is not supported: use HTTP_DOWNSTREAM_CONNECTION_IDLE`,
      );
    if (overloadAdjust.case === 'minTimeout') return { kind: 'time', ms: durationToMs(overloadAdjust.value) };
    return { kind: 'part', part: (overloadAdjust.value?.value ?? 0) / 100 };
  }, least);
}

function triggerSettings(
  { name, triggerOneof }: Trigger,
  action: string,
  monitors: ReadonlySet<string>,
): TriggerSettings {
  if (!monitors.has(name)) throw new OverloadConfigError(`overload action ${action} names the unknown monitor ${name}`);
  switch (triggerOneof.case) {
    case 'threshold':
      return { monitor: name, from: triggerOneof.value.value, full: triggerOneof.value.value };
    case 'scaled': {
      const { scalingThreshold, saturationThreshold } = triggerOneof.value;
      if (scalingThreshold >= saturationThreshold)
        throw new OverloadConfigError(
          `overload action ${action}: scaling_threshold must be less than saturation_threshold`,
        );
      return { monitor: name, from: scalingThreshold, full: saturationThreshold };
    }
    default:
      throw new OverloadConfigError(`overload action ${action}: a trigger needs threshold or scaled`);
  }
}

function refuseTwice(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new OverloadConfigError(`${twice} stands twice`);
}
