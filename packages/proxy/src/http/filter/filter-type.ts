// What the proxy knows of a kind of HTTP filter: its messages, and how to make one.
import type { Node } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { Clock, Dice, Logger } from '@meltemi/base';
import type { ReadRouteConfig } from '@meltemi/decide';
import type { StatsStore } from '@meltemi/telemetry';
import type { Clusters } from '../../cluster/cluster.ts';
import type { WatchSecret } from '../../tls/tls-material.ts';
import type { TapRegistry } from '../../tap/tap-registry.ts';
import type { SharedCounters } from '../../workers/shared-counters.ts';
import type { WatchExtension } from '../../xds/extension-watch.ts';
import type { HttpFilter } from './http-filter.ts';
import type { OpenMixer } from './mixer/mixer.ts';

/** What filters are built from besides their configuration. */
export interface HttpFilterParts {
  readonly clusters: Clusters;
  readonly stats: StatsStore;
  /** Of the connection manager: a filter's counters are in `stats.scope('http', { http_conn_manager_prefix: statPrefix })`. */
  readonly statPrefix: string;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
  readonly watchSecret: WatchSecret;
  readonly taps: TapRegistry;
  readonly watchExtension: WatchExtension;
  /** A configuration that the listener waits for came. */
  readonly onReady: () => void;
  /** Of the bootstrap. */
  readonly node: Node | undefined;
  /** Which way the listener's traffic goes. */
  readonly direction: 'inbound' | 'outbound' | 'unspecified';
  /** What `/healthcheck/fail` said; undefined: nobody can say it. */
  readonly drain?: { readonly healthFailed: boolean };
  /** For limits that hold for the whole process. */
  readonly counters: SharedCounters;
  /** Undefined: the program has no client of Mixer. */
  readonly openMixer?: OpenMixer | undefined;
}

export interface HttpFilterType {
  /** Of the message that configures it: `envoy.extensions.filters.http.buffer.v3.Buffer`. */
  readonly typeName: string;
  /** `config`: the message's bytes. Throws a typed error for what can't be honoured. */
  compile(name: string, config: Uint8Array, parts: HttpFilterParts): HttpFilter;
  /**
   * Turns what a route says into what the filter finds in `stream.routeConfigs(name)`. Throws a typed error for another
   * message or what can't be honoured. Absent: routes have nothing to say but `disabled`.
   */
  readonly readRouteConfig?: ReadRouteConfig;
}
