// Turns an Http2ProtocolOptions into limits of our codec and the rhythm of its PINGs, and names the field that can't be honoured.
import type { Http2ProtocolOptions } from '@meltemi/api/envoy/config/core/v3/protocol_pb';
import { durationToMs } from '@meltemi/base';
import type { Http2Limits } from '@meltemi/wire';

/** Times in milliseconds. */
export interface PingSettings {
  /** 0: none are sent for the time alone. */
  readonly intervalMs: number;
  /** Of the interval, in [0, 1]: as much may be added by chance. */
  readonly jitter: number;
  /** The connection closes when no answer came for so long. */
  readonly timeoutMs: number;
  /** A request on a connection that was silent for so long asks for a sign of life; 0: none does. */
  readonly idleMs: number;
}

/** What is not said is left to the codec's defaults, which are Envoy's or stricter. */
export function http2Limits(options: Http2ProtocolOptions | undefined): Partial<Http2Limits> {
  return given({
    tableBytes: options?.hpackTableSize,
    maxConcurrentStreams: options?.maxConcurrentStreams,
    streamWindow: options?.initialStreamWindowSize,
    connectionWindow: options?.initialConnectionWindowSize,
    extendedConnect: options?.allowConnect || undefined,
    maxQueuedFrames: options?.maxOutboundFrames,
    maxQueuedReplies: options?.maxOutboundControlFrames,
    maxEmptyFrames: options?.maxConsecutiveInboundFramesWithEmptyPayload,
    maxPriorities: options?.maxInboundPriorityFramesPerStream,
    windowUpdatesPerData: options?.maxInboundWindowUpdateFramesPerDataFrameSent,
  });
}

/** Undefined: nobody asks. */
export function pingSettings(options: Http2ProtocolOptions | undefined): PingSettings | undefined {
  const keepalive = options?.connectionKeepalive;
  if (!keepalive) return undefined;
  return {
    intervalMs: keepalive.interval ? durationToMs(keepalive.interval) : 0,
    jitter: Math.min(100, keepalive.intervalJitter?.value ?? 15) / 100,
    timeoutMs: keepalive.timeout ? durationToMs(keepalive.timeout) : 0,
    idleMs: keepalive.connectionIdleInterval ? durationToMs(keepalive.connectionIdleInterval) : 0,
  };
}

const MAX = 2 ** 31 - 1;
const LEAST_WINDOW = 65_535;

/**
 * The name of the first field that asks for something we don't do, or has no meaning; undefined: everything is honoured.
 * `stream_error_on_invalid_http_messaging` and its override: what breaks the rules of one message resets its stream
 * (RFC 9113 §8.1.1), and the connection stays, as Envoy does where they are true. `use_oghttp2_codec` is Envoy's own matter.
 */
export function refusedHttp2Option(options: Http2ProtocolOptions | undefined): string | undefined {
  if (!options) return undefined;
  const keepalive = options.connectionKeepalive;
  const refused: Readonly<Record<string, boolean>> = {
    allow_metadata: options.allowMetadata,
    custom_settings_parameters: options.customSettingsParameters.length > 0,
    max_concurrent_streams: isOutside(options.maxConcurrentStreams, 1),
    initial_stream_window_size: isOutside(options.initialStreamWindowSize, LEAST_WINDOW),
    initial_connection_window_size: isOutside(options.initialConnectionWindowSize, LEAST_WINDOW),
    max_outbound_frames: isOutside(options.maxOutboundFrames, 1),
    max_outbound_control_frames: isOutside(options.maxOutboundControlFrames, 1),
    max_inbound_window_update_frames_per_data_frame_sent: isOutside(
      options.maxInboundWindowUpdateFramesPerDataFrameSent,
      1,
    ),
    'connection_keepalive without timeout': keepalive !== undefined && !keepalive.timeout,
    'connection_keepalive.timeout': keepalive?.timeout !== undefined && durationToMs(keepalive.timeout) < 1,
    'connection_keepalive.interval': keepalive?.interval !== undefined && durationToMs(keepalive.interval) < 1,
  };
  return Object.keys(refused).find((field) => refused[field]);
}

function isOutside(value: number | undefined, least: number): boolean {
  return value !== undefined && (value < least || value > MAX);
}

/** Without the fields that are undefined: they would hide defaults. */
function given<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
