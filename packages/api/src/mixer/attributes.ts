// Attributes of Mixer: their values, and their message on the wire.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type Attributes as AttributesMessage,
  type Attributes_AttributeValue as ValueMessage,
  type Attributes_AttributeValueSchema as ValueSchema,
  AttributesSchema,
} from '../../gen/istio/mixer/v1/attributes_pb.js';

/** In nanoseconds: a moment since 1970, or a span. */
export interface AttributeTime {
  readonly kind: 'timestamp' | 'duration';
  readonly nanoseconds: bigint;
}

/** Bytes are an IP address, 4 or 16 of them. */
export type AttributeValue = string | bigint | boolean | Uint8Array | AttributeTime | ReadonlyMap<string, string>;

export type Attributes = ReadonlyMap<string, AttributeValue>;

const MICROSECOND = 1000n;
const SECOND = 1_000_000_000n;

/** Milliseconds, with their fractions, since 1970 or of a span. */
export function attributeTime(kind: AttributeTime['kind'], ms: number): AttributeTime {
  return { kind, nanoseconds: BigInt(Math.round(ms * 1000)) * MICROSECOND };
}

/** A Timestamp or Duration of protobuf. */
export function attributeTimeOf(
  kind: AttributeTime['kind'],
  { seconds, nanos }: { readonly seconds: bigint; readonly nanos: number },
): AttributeTime {
  return { kind, nanoseconds: seconds * SECOND + BigInt(nanos) };
}

/** Values of kinds that no attribute has are left out. */
export function readAttributes({ attributes }: AttributesMessage): Attributes {
  const read = new Map<string, AttributeValue>();
  for (const [name, value] of Object.entries(attributes)) {
    const content = valueOf(value);
    if (content !== undefined) read.set(name, content);
  }
  return read;
}

/** Moments before 1970 have no form in it. */
export function attributesMessage(attributes: Attributes): AttributesMessage {
  const entries = [...attributes].map(([name, value]) => [name, { value: messageOf(value) }] as const);
  return create(AttributesSchema, { attributes: Object.fromEntries(entries) });
}

function valueOf({ value }: ValueMessage): AttributeValue | undefined {
  switch (value.case) {
    case 'stringValue':
    case 'int64Value':
    case 'boolValue':
    case 'bytesValue':
      return value.value;
    case 'timestampValue':
      return attributeTimeOf('timestamp', value.value);
    case 'durationValue':
      return attributeTimeOf('duration', value.value);
    case 'stringMapValue':
      return new Map(Object.entries(value.value.entries));
    case 'doubleValue':
    case undefined:
      return undefined;
  }
}

type ValueInit = MessageInitShape<typeof ValueSchema>['value'];

function messageOf(value: AttributeValue): ValueInit {
  if (typeof value === 'string') return { case: 'stringValue', value };
  if (typeof value === 'bigint') return { case: 'int64Value', value };
  if (typeof value === 'boolean') return { case: 'boolValue', value };
  if (value instanceof Uint8Array) return { case: 'bytesValue', value: Uint8Array.from(value) };
  if (!('kind' in value)) return { case: 'stringMapValue', value: { entries: Object.fromEntries(value) } };
  const time = { seconds: value.nanoseconds / SECOND, nanos: Number(value.nanoseconds % SECOND) };
  return value.kind === 'timestamp' ? { case: 'timestampValue', value: time } : { case: 'durationValue', value: time };
}
