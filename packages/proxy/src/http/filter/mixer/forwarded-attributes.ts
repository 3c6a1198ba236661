// Attributes ↔ the header field in which one sidecar tells them to the next.
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type Attributes as AttributesMessage,
  type Attributes_AttributeValue as ValueMessage,
  Attributes_StringMapSchema as StringMapSchema,
  AttributesSchema,
} from '@meltemi/api/istio/mixer/v1/attributes_pb';
import { ipBytes } from '@meltemi/base';
import type { Attributes, AttributeValue } from './mixer.ts';

export const FORWARDED_ATTRIBUTES = 'x-istio-attributes';

const MICROSECOND = 1000n;
const SECOND = 1_000_000_000n;
/** Longer ones are not read. */
const MAX_LENGTH = 16 * 1024;
const NONE: Attributes = new Map();

export function forwardedField(attributes: AttributesMessage): string {
  return Buffer.from(toBinary(AttributesSchema, attributes)).toString('base64');
}

/** In the form of 1.0 or, texts alone, of 0.1 and 0.2. Nothing of a field that is neither. */
export function readForwarded(field: string | undefined): Attributes {
  if (field === undefined || field.length > MAX_LENGTH) return NONE;
  const bytes = Buffer.from(field, 'base64');
  return typedAttributes(bytes) ?? textAttributes(bytes) ?? NONE;
}

/** Values of kinds that no attribute has are left out. */
export function attributesOf({ attributes }: AttributesMessage): Attributes {
  const read = new Map<string, AttributeValue>();
  for (const [name, value] of Object.entries(attributes)) {
    const content = valueOf(value);
    if (content !== undefined) read.set(name, content);
  }
  return read;
}

function typedAttributes(bytes: Uint8Array): Attributes | undefined {
  try {
    const message = fromBinary(AttributesSchema, bytes);
    const values = Object.values(message.attributes);
    return values.every(({ value }) => value.case !== undefined) ? attributesOf(message) : undefined;
  } catch {
    return undefined;
  }
}

function textAttributes(bytes: Uint8Array): Attributes | undefined {
  try {
    const { entries } = fromBinary(StringMapSchema, bytes);
    return new Map(Object.entries(entries).map(([name, text]) => [name, typedText(name, text)]));
  } catch {
    return undefined;
  }
}

/** Addresses were texts. */
function typedText(name: string, text: string): AttributeValue {
  return name.endsWith('.ip') ? (ipBytes(text) ?? text) : text;
}

function valueOf({ value }: ValueMessage): AttributeValue | undefined {
  switch (value.case) {
    case 'stringValue':
    case 'int64Value':
    case 'boolValue':
    case 'bytesValue':
      return value.value;
    case 'timestampValue':
      return { kind: 'timestamp', nanoseconds: value.value.seconds * SECOND + BigInt(value.value.nanos) };
    case 'durationValue':
      return { kind: 'duration', nanoseconds: value.value.seconds * SECOND + BigInt(value.value.nanos) };
    case 'stringMapValue':
      return new Map(Object.entries(value.value.entries));
    case 'doubleValue':
    case undefined:
      return undefined;
  }
}

/** Milliseconds, with their fractions, since 1970 or of a span. */
export function attributeTime(kind: 'timestamp' | 'duration', ms: number): AttributeValue {
  return { kind, nanoseconds: BigInt(Math.round(ms * 1000)) * MICROSECOND };
}
