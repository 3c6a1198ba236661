// What a listener is built from when nobody will use it: sources are checked, nothing is asked, opened or counted for long.
import type { Bootstrap } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { ConfigSource } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import type { Listener } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { ManualClock, seededDice, silentLogger } from '@meltemi/base';
import { StatsStore } from '@meltemi/telemetry';
import { ListenerVersion } from '../../listener/listener-version.ts';
import type { ListenerParts } from '../../listener/listener-parts.ts';
import { localCounters } from '../../workers/shared-counters.ts';
import { configTarget } from '../../xds/config-target.ts';
import { TapRegistry } from '../../tap/tap-registry.ts';

export type BuildParts = ListenerParts & { checkSource(source: ConfigSource | undefined): void };

const NOTHING = { close: () => {} };

/** The clock stands still: no timer of what is built fires. */
export function buildParts(bootstrap: Bootstrap): BuildParts {
  const secrets = new Map((bootstrap.staticResources?.secrets ?? []).map((secret) => [secret.name, secret]));
  const clusters = new Set((bootstrap.staticResources?.clusters ?? []).map(({ name }) => name));
  const checkSource = (source: ConfigSource | undefined) => void configTarget(source, bootstrap);
  const checked = (source: ConfigSource | undefined) => {
    checkSource(source);
    return NOTHING;
  };
  return {
    checkSource,
    clusters: { get: () => undefined, names: () => [], has: (name) => clusters.has(name), snapshot: () => [] },
    stats: new StatsStore(),
    accessLogs: { files: NO_FILES, hostname: '' },
    clock: new ManualClock(),
    dice: seededDice(1),
    logger: silentLogger,
    watchRoutes: checked,
    watchExtension: checked,
    counters: localCounters,
    openMixer: () => new Promise(() => {}),
    awaitClusters: () => undefined,
    watchSecret(config, onSecret) {
      const fixed = config.sdsConfig ? undefined : secrets.get(config.name);
      if (!fixed) return checked(config.sdsConfig);
      const refusal = onSecret(fixed);
      if (refusal !== undefined) throw new TypeError(refusal);
      return NOTHING;
    },
    drainTimeMs: 0,
    taps: new TapRegistry(),
    drainingChains: new Set(),
  };
}

/** Why a listener can't be built; undefined when it can. */
export function tryListener(listener: Listener, parts: ListenerParts): string | undefined {
  try {
    new ListenerVersion(
      listener,
      undefined,
      parts,
      () => false,
      () => {},
    ).close();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const NO_FILES: ListenerParts['accessLogs']['files'] = {
  open: () => ({ write: () => {}, close: () => {} }),
  reopen: () => {},
  dropped: 0,
  close: () => Promise.resolve(),
};
