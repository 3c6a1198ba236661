// Attributes by name ↔ Mixer's message of indexes into word lists.
import { create } from '@bufbuild/protobuf';
import { type CompressedAttributes, CompressedAttributesSchema } from '@meltemi/api/istio/mixer/v1/attributes_pb';

import { duration, isDuration, isTimestamp, type StringMap, timestamp, type Value } from '../values/value.ts';

import { AttributesError, MessageWords, wordAt } from './message-words.ts';

const SECOND = 1_000_000_000n;

type Attributes = ReadonlyMap<string, Value>;
type Numbered<Content> = Record<number, Content>;

/** Writes for a peer who knows so many global words; words of several messages can be shared. */
export function compressAttributes(
  attributes: Iterable<readonly [string, Value]>,
  words: MessageWords = new MessageWords(),
): CompressedAttributes {
  const message = create(CompressedAttributesSchema);
  for (const [name, value] of attributes) place(message, words.indexOf(name), value, words);
  message.words = words.words;
  return message;
}

/** Reads a message; `defaultWords` serve one without words of its own. Throws AttributesError. */
export function decompressAttributes(message: CompressedAttributes, defaultWords: readonly string[] = []): Attributes {
  const words = message.words.length > 0 ? message.words : defaultWords;
  const attributes = new Map<string, Value>();
  const take = <Content>(field: Numbered<Content>, read: (content: Content) => Value): void => {
    for (const [index, content] of Object.entries(field)) {
      const name = wordAt(Number(index), words);
      if (attributes.has(name)) throw new AttributesError(`attribute ${name} has two values`);
      attributes.set(name, read(content));
    }
  };
  take(message.strings, (index) => wordAt(index, words));
  take(message.int64s, (value) => value);
  take(message.doubles, (value) => value);
  take(message.bools, (value) => value);
  take(message.timestamps, (value) => timestamp(nanosecondsOf(value)));
  take(message.durations, (value) => duration(nanosecondsOf(value)));
  take(message.bytes, (value) => value);
  take(message.stringMaps, ({ entries }) => readMap(entries, words));
  return attributes;
}

function place(message: CompressedAttributes, name: number, value: Value, words: MessageWords): void {
  if (typeof value === 'string') message.strings[name] = words.indexOf(value);
  else if (typeof value === 'bigint') message.int64s[name] = value;
  else if (typeof value === 'number') message.doubles[name] = value;
  else if (typeof value === 'boolean') message.bools[name] = value;
  else placeObject(message, name, value, words);
}

function placeObject(
  message: CompressedAttributes,
  name: number,
  value: Exclude<Value, string | bigint | number | boolean>,
  words: MessageWords,
): void {
  if (value instanceof Uint8Array) message.bytes[name] = value;
  else if (isTimestamp(value)) message.timestamps[name] = timestampFields(value.nanoseconds);
  else if (isDuration(value)) message.durations[name] = durationFields(value.nanoseconds);
  else message.stringMaps[name] = { $typeName: 'istio.mixer.v1.StringMap', entries: mapEntries(value, words) };
}

function mapEntries(map: StringMap, words: MessageWords): Numbered<number> {
  const entries: Numbered<number> = {};
  for (const [key, value] of map) entries[words.indexOf(key)] = words.indexOf(value);
  return entries;
}

function readMap(entries: Numbered<number>, words: readonly string[]): StringMap {
  return new Map(
    Object.entries(entries).map(([key, value]) => [wordAt(Number(key), words), wordAt(value, words)] as const),
  );
}

function nanosecondsOf({ seconds, nanos }: { readonly seconds: bigint; readonly nanos: number }): bigint {
  return seconds * SECOND + BigInt(nanos);
}

/** Nanos are never negative in a timestamp. */
function timestampFields(nanoseconds: bigint): CompressedAttributes['timestamps'][number] {
  const nanos = ((nanoseconds % SECOND) + SECOND) % SECOND;
  return { $typeName: 'google.protobuf.Timestamp', seconds: (nanoseconds - nanos) / SECOND, nanos: Number(nanos) };
}

/** Both fields have the sign of the whole in a duration. */
function durationFields(nanoseconds: bigint): CompressedAttributes['durations'][number] {
  const nanos = nanoseconds % SECOND;
  return { $typeName: 'google.protobuf.Duration', seconds: nanoseconds / SECOND, nanos: Number(nanos) };
}
