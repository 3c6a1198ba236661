// What the sidecar sees of Mixer's client, or of Mixer's rules in its own process: who starts the proxy gives it.
import type { Attributes } from '@meltemi/api/mixer';
import type { MixerFilter } from '@meltemi/api/meltemi/mixer/v1/mixer_filter_pb';
import type { Clock, Dice, Logger } from '@meltemi/base';

/** `code` is one of google.rpc.Code; 0: the request may go on. */
export interface MixerVerdict {
  readonly code: number;
  readonly message: string;
}

export interface Mixer {
  /** `quotas`: what is taken of each, if the request may go on. Never rejects, and ends within the time of a call. */
  check(attributes: Attributes, quotas: ReadonlyMap<string, number>): MixerVerdict | Promise<MixerVerdict>;
  report(attributes: Attributes): void;
  /** Sends the reports that wait. */
  close(): Promise<void>;
}

export interface MixerParts {
  readonly config: MixerFilter;
  /** A call of `istio.mixer.v1.Mixer`. Rejects with an Error for what gRPC refuses. */
  readonly call: (method: 'Check' | 'Report', message: Uint8Array) => Promise<Uint8Array>;
  /** Of the proxy. */
  readonly nodeId: string;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
}

export type OpenMixer = (parts: MixerParts) => Promise<Mixer>;
