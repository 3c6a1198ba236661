// Holds one tap on one sidecar open, and opens it again when it breaks.
import type { Clock, Timer } from '@meltemi/base';
import { TraceSplitter } from './split-traces.ts';

const RETRY_MS = 2_000;
/** What the mesh's tap filters wait for. One for all: an Envoy has one tap at a time. */
const TAP_ID = 'console';

/** Of every request, without bodies. */
const TAP_REQUEST = JSON.stringify({
  config_id: TAP_ID,
  tap_config: {
    match: { any_match: true },
    output_config: {
      max_buffered_rx_bytes: 0,
      max_buffered_tx_bytes: 0,
      sinks: [{ format: 'JSON_BODY_AS_STRING', streaming_admin: {} }],
    },
  },
});

export interface TapOptions {
  /** `host:port` of the admin server. */
  readonly admin: string;
  readonly clock: Clock;
  readonly onTrace: (trace: unknown) => void;
}

export class Tap {
  readonly #options: TapOptions;
  readonly #stop = new AbortController();
  #retry: Timer | undefined;
  /** Why there is no tap now; empty: there is one. */
  #reason = 'not opened yet';

  constructor(options: TapOptions) {
    this.#options = options;
    void this.#open();
  }

  get reason(): string {
    return this.#reason;
  }

  close(): void {
    this.#stop.abort();
    this.#retry?.cancel();
  }

  async #open(): Promise<void> {
    try {
      await this.#read();
      this.#reason = 'the sidecar ended it';
    } catch (error) {
      this.#reason = (error as Error).message;
    }
    if (!this.#stop.signal.aborted) this.#retry = this.#options.clock.after(RETRY_MS, () => void this.#open());
  }

  async #read(): Promise<void> {
    const { admin, onTrace } = this.#options;
    const { signal } = this.#stop;
    const response = await fetch(`http://${admin}/tap`, { method: 'POST', body: TAP_REQUEST, signal });
    if (!response.ok) throw new Error((await response.text()).trim());
    this.#reason = '';
    const splitter = new TraceSplitter();
    const decoder = new TextDecoder();
    for await (const chunk of response.body!) {
      for (const trace of splitter.push(decoder.decode(chunk, { stream: true }))) onTrace(trace);
    }
  }
}
