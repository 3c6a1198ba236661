// The attributes of several requests ↔ reports, in which each element carries only what changed since the one before.
import { create } from '@bufbuild/protobuf';
import { type ReportRequest, ReportRequestSchema } from '@meltemi/api/istio/mixer/v1/mixer_pb';

import { sameValue } from '../values/same-value.ts';
import type { Value } from '../values/value.ts';

import { compressAttributes, decompressAttributes } from './compressed-attributes.ts';
import { GLOBAL_WORDS } from './global-words.ts';
import { MessageWords } from './message-words.ts';

type Attributes = ReadonlyMap<string, Value>;

/** A change can't take an attribute away: where one is gone, a new report begins. */
export function encodeReports(requests: readonly Attributes[]): readonly ReportRequest[] {
  return batches(requests).map((batch) => {
    const words = new MessageWords();
    const attributes = batch.map((request, index) => compressAttributes(changed(batch[index - 1], request), words));
    // All elements share the words of the whole report.
    for (const element of attributes) element.words = [];
    return create(ReportRequestSchema, {
      attributes,
      defaultWords: words.words,
      globalWordCount: GLOBAL_WORDS.length,
    });
  });
}

/** The attributes of each request, whole. Throws AttributesError. */
export function decodeReport(report: ReportRequest): readonly Attributes[] {
  let current: Attributes = new Map();
  return report.attributes.map((element) => {
    current = new Map([...current, ...decompressAttributes(element, report.defaultWords)]);
    return current;
  });
}

function batches(requests: readonly Attributes[]): readonly (readonly Attributes[])[] {
  const all: Attributes[][] = [];
  for (const request of requests) {
    const before = all.at(-1)?.at(-1);
    if (before && [...before.keys()].every((name) => request.has(name))) all.at(-1)!.push(request);
    else all.push([request]);
  }
  return all;
}

function* changed(before: Attributes | undefined, now: Attributes): Generator<readonly [string, Value]> {
  for (const [name, value] of now) {
    const old = before?.get(name);
    if (old === undefined || !sameValue(old, value)) yield [name, value];
  }
}
