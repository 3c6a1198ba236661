// `mixc check`, `report` and `quota`: attributes → calls to a Mixer → lines about what it answered.
import { create } from '@bufbuild/protobuf';
import { CheckRequestSchema, ReportRequestSchema } from '@meltemi/api/istio/mixer/v1/mixer_pb';

import { compressAttributes } from '../attributes/compressed-attributes.ts';
import { MessageWords } from '../attributes/message-words.ts';
import { type MixerTransport, mixerTransport } from '../client/mixer-transport.ts';

import type { CallCommand, CallOptions } from './call-options.ts';
import { formatCheck, formatFailure } from './format-answer.ts';
import type { MixcResult } from './mixc-result.ts';

const DEADLINE_MS = 10_000;

/** Exit code 1 when a call failed; a refusal by the policy is an answer. `now` is the wall clock's. */
export async function callMixer(command: CallCommand, options: CallOptions, now: () => number): Promise<MixcResult> {
  const mixer = mixerTransport(options.mixer, DEADLINE_MS, now);
  const results: MixcResult[] = [];
  try {
    for (let sent = 0; sent < options.repeat;) {
      const batch = command === 'report' ? Math.min(options.batchSize, options.repeat - sent) : 1;
      results.push(await (command === 'report' ? report(mixer, options, batch) : check(mixer, options, now(), sent)));
      sent += batch;
    }
  } finally {
    mixer.close();
  }
  return {
    exitCode: Math.max(...results.map(({ exitCode }) => exitCode)),
    out: results.map(({ out }) => out).join(''),
    error: '',
  };
}

/** The client says that it knows no global words, so that the answer's words are all in the answer. */
function check(mixer: MixerTransport, options: CallOptions, salt: number, index: number): Promise<MixcResult> {
  const quotas = [...options.quotas].map(([name, amount]) => [name, { amount, bestEffort: true }] as const);
  const request = create(CheckRequestSchema, {
    attributes: compressAttributes(options.attributes, new MessageWords(0)),
    deduplicationId: String(salt + index),
    quotas: Object.fromEntries(quotas),
  });
  return told('Check', async () => formatCheck(await mixer.check(request)));
}

function report(mixer: MixerTransport, options: CallOptions, batch: number): Promise<MixcResult> {
  const words = new MessageWords(0);
  const attributes = Array.from({ length: batch }, () => compressAttributes(options.attributes, words));
  const request = create(ReportRequestSchema, { attributes });
  return told('Report', async () => {
    await mixer.report(request);
    return 'Report RPC returned OK\n';
  });
}

async function told(method: string, call: () => Promise<string>): Promise<MixcResult> {
  try {
    return { exitCode: 0, out: await call(), error: '' };
  } catch (error) {
    if (!isServiceError(error)) throw error;
    return { exitCode: 1, out: `${method} RPC failed with: ${formatFailure(error)}\n`, error: '' };
  }
}

function isServiceError(error: unknown): error is { readonly code: number; readonly details: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}
