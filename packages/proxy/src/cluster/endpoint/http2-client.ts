// Starts HTTP/2 as a client on a connected transport, within a cluster's settings.
import type { Clock } from '@meltemi/base';
import { defaultHttp2Limits, Http2Connection, type Transport } from '@meltemi/wire';
import { MULTIPLEXED, multiplexedLimits } from '../../tls/multiplexed-protocol.ts';
import type { ConnectionSettings } from '../settings/connection-settings.ts';

/** Told what the peer changes. The connection's end is seen with the transport's. */
export interface Http2ClientOwner {
  /** The peer takes no new streams. */
  peerDrains(): void;
  /** There may be room for more streams than before. */
  capacityChanged(): void;
  /** The answer to a PING. */
  onPong(): void;
}

/** A server is trusted with more control frames than a client: gRPC's ask for the round-trip time at each burst. */
const IDLE_FRAMES = 100_000;

/** Takes the transport over, and sends the preface. */
export function http2Client(
  transport: Transport,
  settings: ConnectionSettings,
  clock: Clock,
  owner: Http2ClientOwner,
): Http2Connection {
  const allowed = {
    ...defaultHttp2Limits,
    maxIdleFrames: IDLE_FRAMES,
    maxHeadBytes: settings.maxResponseHeadBytes,
    maxHeaders: settings.maxResponseHeaders,
    ...settings.http2,
  };
  const limits = transport.tls?.alpn === MULTIPLEXED ? multiplexedLimits(allowed) : allowed;
  return new Http2Connection(
    'client',
    transport,
    {
      // A client's peer begins no streams.
      onStream: (stream) => stream.reset('REFUSED_STREAM'),
      onOversizedHead: (stream) => stream.reset('REFUSED_STREAM'),
      onGoAway: () => owner.peerDrains(),
      onCapacity: () => owner.capacityChanged(),
      onPong: () => owner.onPong(),
      onClose: () => undefined,
    },
    limits,
    clock,
  );
}
