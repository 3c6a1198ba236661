// Streams the traces of a tap to whoever asks for them, until they hang up: POST /tap with a TapRequest in YAML or JSON.
// https://www.envoyproxy.io/docs/envoy/latest/operations/admin#post--tap
import { toBinary } from '@bufbuild/protobuf';
import { TapRequestSchema } from '@meltemi/api/envoy/admin/v3/tap_pb';
import { TapConfigSchema } from '@meltemi/api/envoy/config/tap/v3/common_pb';
import { readConfigMessage } from '../bootstrap/config-message.ts';
import { tapSettings } from '../tap/tap-settings.ts';
import { AdminRequestError } from './admin-error.ts';
import type { AdminView } from './admin-view.ts';

const MAX_REQUEST = 64 * 1024;
/** Traces that wait for a reader who is slow; more are dropped. */
const MAX_WAITING = 1_000;

/** Throws AdminRequestError for a request that can't be read or honoured. */
export async function tapResponse(view: AdminView, body: string): Promise<Response> {
  const { configId, config } = await readRequest(body);
  const refusal = view.actions.tapRefusal(configId);
  if (refusal !== undefined) throw new AdminRequestError(refusal, 400);
  let stop: () => void = () => {};
  const traces = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        stop = view.actions.startTap(configId, config, (trace) => {
          if ((controller.desiredSize ?? 0) > -MAX_WAITING) controller.enqueue(Buffer.from(`${trace}\n\n`));
        });
      },
      cancel: () => stop(),
    },
    { highWaterMark: 0 },
  );
  return new Response(traces, { headers: { 'content-type': 'application/json', 'cache-control': 'no-cache' } });
}

interface AskedTap {
  readonly configId: string;
  /** A TapConfig in binary form. */
  readonly config: Uint8Array;
}

async function readRequest(body: string): Promise<AskedTap> {
  if (body.length > MAX_REQUEST) throw new AdminRequestError('the request is too long', 400);
  try {
    const reading = await readConfigMessage(TapRequestSchema, body, { file: 'request', ignoreUnknownFields: false });
    if (reading.kind === 'problems') throw new TypeError(reading.problems.map(({ message }) => message).join('\n'));
    const request = reading.message;
    if (request.configId === '' || !request.tapConfig) throw new TypeError('config_id and tap_config are wanted');
    const { sink } = tapSettings(request.tapConfig);
    if (sink.kind !== 'admin') throw new TypeError('the sink of an admin tap is streaming_admin');
    return { configId: request.configId, config: toBinary(TapConfigSchema, request.tapConfig) };
  } catch (error) {
    throw new AdminRequestError(error instanceof Error ? error.message : 'not a TapRequest', 400);
  }
}
