// Attributes ↔ the header field in which one sidecar tells them to the next.
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ipBytes } from '@meltemi/base';
import {
  type Attributes as AttributesMessage,
  Attributes_StringMapSchema as StringMapSchema,
  AttributesSchema,
} from '../../gen/istio/mixer/v1/attributes_pb.js';
import { type Attributes, type AttributeValue, readAttributes } from './attributes.ts';

export const FORWARDED_ATTRIBUTES = 'x-istio-attributes';
/** Of metadata of a request: an Envoy keeps the field there, under its name. */
export const FORWARDED_NAMESPACE = 'istio.mixer';
/** Of metadata of a request: what the filter of tokens says of the one that it took, under `payload`. */
export const TOKENS_NAMESPACE = 'envoy.filters.http.jwt_authn';

/** Longer ones are not read. */
const MAX_LENGTH = 16 * 1024;
const NONE: Attributes = new Map();

/** Base64. */
export function forwardedField(attributes: AttributesMessage): string {
  return Buffer.from(toBinary(AttributesSchema, attributes)).toString('base64');
}

/** In the form of 1.0 or, texts alone, of 0.1 and 0.2. Nothing of a field that is neither. */
export function readForwarded(field: string | undefined): Attributes {
  if (field === undefined || field.length > MAX_LENGTH) return NONE;
  const bytes = Buffer.from(field, 'base64');
  return typedAttributes(bytes) ?? textAttributes(bytes) ?? NONE;
}

function typedAttributes(bytes: Uint8Array): Attributes | undefined {
  try {
    const message = fromBinary(AttributesSchema, bytes);
    const values = Object.values(message.attributes);
    return values.every(({ value }) => value.case !== undefined) ? readAttributes(message) : undefined;
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
