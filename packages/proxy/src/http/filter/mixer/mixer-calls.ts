// Calls of Mixer's API on a cluster of the proxy, as promises.
import type { Clock } from '@meltemi/base';
import { callGrpc, type GrpcCallResult } from '../../../call/grpc-call.ts';
import type { Clusters } from '../../../cluster/cluster.ts';
import type { MixerParts } from './mixer.ts';

/** No request waits longer for a verdict. */
const TIMEOUT_MS = 5000;
const MAX_RESPONSE_BYTES = 1 << 20;
const UNAVAILABLE = 14;
/** A Mixer that never answered may be about to start: it is tried again so long, and so often. */
const START_MS = 2000;
const RETRY_MS = 50;

export function mixerCalls(clusters: Clusters, cluster: string, clock: Clock): MixerParts['call'] {
  let answered = false;
  const attempt = (path: string, message: Uint8Array, untilMs: number, done: (result: GrpcCallResult) => void) => {
    const call = { cluster, path, timeoutMs: TIMEOUT_MS, maxResponseBytes: MAX_RESPONSE_BYTES, message };
    callGrpc(clusters, call, clock, (result) => {
      answered ||= result.status !== UNAVAILABLE;
      if (answered || clock.monotonic() >= untilMs) return done(result);
      clock.after(RETRY_MS, () => attempt(path, message, untilMs, done));
    });
  };
  return (method, message) =>
    new Promise((resolve, reject) => {
      const path = `/istio.mixer.v1.Mixer/${method}`;
      attempt(path, message, clock.monotonic() + START_MS, ({ status, message: said, body }) => {
        if (body) resolve(body);
        else reject(new Error(`${method} of ${cluster}: ${said || `status ${status}`}`));
      });
    });
}
