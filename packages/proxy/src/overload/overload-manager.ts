// Reads the resources of the process from time to time and switches overload actions on and off by their pressure.
import type { Clock, Logger, Timer } from '@meltemi/base';
import type { Gauge, StatsStore } from '@meltemi/telemetry';
import type {
  ActionSettings,
  MonitorSettings,
  OverloadActionName,
  OverloadSettings,
  TriggerSettings,
} from './overload-settings.ts';
import type { OverloadState } from './overload-state.ts';

export interface OverloadParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stats: StatsStore;
  /** Bytes in use. */
  readonly heapBytes: () => number;
}

interface Action {
  readonly settings: ActionSettings;
  readonly active: Gauge;
  readonly percent: Gauge;
  value: number;
}

export class OverloadManager {
  readonly #settings: OverloadSettings;
  readonly #state: OverloadState;
  readonly #parts: OverloadParts;
  readonly #actions: readonly Action[];
  readonly #pressures = new Map<string, Gauge>();
  #timer: Timer | undefined;

  /** Writes `state`; reads at once and then at each refresh interval. */
  constructor(settings: OverloadSettings, state: OverloadState, parts: OverloadParts) {
    this.#settings = settings;
    this.#state = state;
    this.#parts = parts;
    const scope = parts.stats.scope('overload');
    this.#actions = settings.actions.map((action) => ({
      settings: action,
      active: scope.scope(action.name).gauge('active'),
      percent: scope.scope(action.name).gauge('scale_percent'),
      value: 0,
    }));
    state.leastIdle = settings.leastIdle;
    for (const monitor of settings.monitors) {
      this.#pressures.set(monitor.name, scope.scope(monitor.name).gauge('pressure'));
      if (monitor.kind === 'connections') state.maxConnections = monitor.max;
    }
    this.#refresh();
  }

  close(): void {
    this.#timer?.cancel();
  }

  #refresh(): void {
    const pressures = new Map(this.#settings.monitors.map((monitor) => [monitor.name, this.#pressure(monitor)]));
    for (const [name, pressure] of pressures) this.#pressures.get(name)!.set(Math.round(pressure * 100));
    for (const action of this.#actions) this.#apply(action, actionValue(action.settings.triggers, pressures));
    this.#timer = this.#parts.clock.after(this.#settings.refreshMs, () => this.#refresh());
  }

  #pressure(monitor: MonitorSettings): number {
    const used = monitor.kind === 'heap' ? this.#parts.heapBytes() : this.#state.connections;
    return used / monitor.max;
  }

  #apply(action: Action, value: number): void {
    if (action.value === value) return;
    const wasFull = action.value === 1;
    action.value = value;
    action.active.set(value === 1 ? 1 : 0);
    action.percent.set(Math.round(value * 100));
    EFFECTS[action.settings.name](this.#state, value);
    if (wasFull !== (value === 1))
      this.#parts.logger.warn(`overload action ${action.settings.name} is ${value === 1 ? 'active' : 'over'}`);
  }
}

/** Node accepts what the system has accepted: where Envoy leaves connections in the backlog, they are closed here. */
const EFFECTS: Readonly<Record<OverloadActionName, (state: OverloadState, value: number) => void>> = {
  'envoy.overload_actions.stop_accepting_requests': (state, value) => void (state.rejectsRequests = value === 1),
  'envoy.overload_actions.disable_http_keepalive': (state, value) => void (state.endsConnections = value === 1),
  'envoy.overload_actions.stop_accepting_connections': (state, value) => void (state.stopsAccepting = value === 1),
  'envoy.overload_actions.reject_incoming_connections': (state, value) => void (state.rejectsIncoming = value === 1),
  'envoy.overload_actions.reduce_timeouts': (state, value) => void (state.timeoutScale = 1 - value),
  // V8 gives memory back by its own rules.
  'envoy.overload_actions.shrink_heap': () => {},
};

/** The strongest trigger counts. */
function actionValue(triggers: readonly TriggerSettings[], pressures: ReadonlyMap<string, number>): number {
  return Math.max(0, ...triggers.map((trigger) => triggerValue(trigger, pressures.get(trigger.monitor) ?? 0)));
}

function triggerValue({ from, full }: TriggerSettings, pressure: number): number {
  if (pressure >= full) return 1;
  return pressure <= from ? 0 : (pressure - from) / (full - from);
}
