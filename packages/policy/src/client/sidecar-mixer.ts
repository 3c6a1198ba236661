// What a sidecar is configured to ask of Mixer → checks, quotas and reports of its requests.
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  CheckRequestSchema,
  CheckResponseSchema,
  ReportRequestSchema,
  ReportResponseSchema,
} from '@meltemi/api/istio/mixer/v1/mixer_pb';
import type { MixerFilter } from '@meltemi/api/meltemi/mixer/v1/mixer_filter_pb';
import type { Clock, Dice, Logger } from '@meltemi/base';

import { STATUS, type Status } from '../adapters/adapter.ts';
import { AttributeBag } from '../attributes/attribute-bag.ts';
import { MANIFEST_0_2_2 } from '../attributes/manifest-0.2.2.ts';
import { MANIFEST_1_0_3 } from '../attributes/manifest-1.0.3.ts';
import { Vocabulary } from '../attributes/vocabulary.ts';
import type { Value } from '../values/value.ts';

import { MixerClient, type QuotaAmounts } from './mixer-client.ts';
import type { MixerTransport } from './mixer-transport.ts';
import { SidecarPolicies, type SidecarPolicy } from './sidecar-policy.ts';

/** What the sidecar gives. Its calls reject with an Error for what gRPC refuses, and end by themselves. */
export interface SidecarMixerParts {
  readonly config: Pick<MixerFilter, 'failClosed' | 'policy'>;
  readonly call: (method: 'Check' | 'Report', message: Uint8Array) => Promise<Uint8Array>;
  /** Of the sidecar; several of its workers may have the same. */
  readonly nodeId: string;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
}

export interface SidecarMixer {
  /** At once where Mixer need not be asked. Never rejects. */
  check(attributes: Attributes, quotas: QuotaAmounts): Status | Promise<Status>;
  report(attributes: Attributes): void;
  close(): Promise<void>;
}

type Attributes = ReadonlyMap<string, Value>;

const VOCABULARY = new Vocabulary({ ...MANIFEST_0_2_2, ...MANIFEST_1_0_3 });

/** For all filters of a sidecar. */
export class SidecarMixers {
  readonly #policies = new SidecarPolicies();

  open(parts: SidecarMixerParts): SidecarMixer {
    const { policy } = parts.config;
    const client = mixerClient(parts);
    if (!policy) return askedMixer(client);
    const own = this.#policies.open(policy, VOCABULARY, parts);
    return ownChecks(client, own);
  }
}

function askedMixer(client: MixerClient): SidecarMixer {
  return {
    check: (attributes, quotas) => client.check(AttributeBag.of(VOCABULARY, attributes), quotas),
    report: (attributes) => client.report(attributes),
    close: () => client.close(),
  };
}

/** Only quotas are asked for, of requests that the rules let through. */
function ownChecks(client: MixerClient, own: SidecarPolicy): SidecarMixer {
  return {
    check(attributes, quotas) {
      const bag = AttributeBag.of(own.vocabulary, attributes);
      const status = own.check(bag);
      return status.code === STATUS.OK ? client.take(bag, quotas) : status;
    },
    report: (attributes) => client.report(attributes),
    async close() {
      own.close();
      await client.close();
    },
  };
}

function mixerClient({ config, call, nodeId, clock, dice, logger }: SidecarMixerParts): MixerClient {
  return new MixerClient({
    transport: calledTransport(call),
    clock,
    name: `${nodeId}~${dice.roll().toString(36).slice(2)}${dice.roll().toString(36).slice(2)}~`,
    failOpen: !config.failClosed,
    lostReports: (count, cause) =>
      logger.warn(`${count} requests were not reported: ${cause instanceof Error ? cause.message : 'unknown'}`),
  });
}

function calledTransport(call: SidecarMixerParts['call']): MixerTransport {
  return {
    check: async (request) =>
      fromBinary(CheckResponseSchema, await call('Check', toBinary(CheckRequestSchema, request))),
    report: async (request) =>
      fromBinary(ReportResponseSchema, await call('Report', toBinary(ReportRequestSchema, request))),
    close: () => undefined,
  };
}
