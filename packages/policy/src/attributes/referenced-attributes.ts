// References ↔ Mixer's message, in words that the client knows.
import { create } from '@bufbuild/protobuf';
import {
  type ReferencedAttributes,
  ReferencedAttributes_Condition as Condition,
  ReferencedAttributesSchema,
} from '@meltemi/api/istio/mixer/v1/mixer_pb';

import { MessageWords, wordAt } from './message-words.ts';
import type { Reference } from './reference-log.ts';

/** What a reference in a message says; the type of the attribute decides whether its key counts. */
export interface ReceivedReference {
  readonly name: string;
  readonly mapKey: string;
  readonly condition: 'EXACT' | 'ABSENCE' | 'REGEX';
}

/** `globalWordCount` is the client's: words that it does not know go along in the message. */
export function encodeReferences(references: readonly Reference[], globalWordCount: number): ReferencedAttributes {
  const words = new MessageWords(globalWordCount);
  const attributeMatches = references.map(({ name, mapKey, condition }) => ({
    name: words.indexOf(name),
    condition: Condition[condition],
    mapKey: mapKey === undefined ? 0 : words.indexOf(mapKey),
  }));
  return create(ReferencedAttributesSchema, { words: words.words, attributeMatches });
}

/** Throws AttributesError for an index without a word. */
export function decodeReferences(message: ReferencedAttributes): readonly ReceivedReference[] {
  return message.attributeMatches.map(({ name, mapKey, condition }) => ({
    name: wordAt(name, message.words),
    mapKey: wordAt(mapKey, message.words),
    condition: conditionName(condition),
  }));
}

function conditionName(condition: Condition): ReceivedReference['condition'] {
  if (condition === Condition.ABSENCE) return 'ABSENCE';
  return condition === Condition.REGEX ? 'REGEX' : 'EXACT';
}
