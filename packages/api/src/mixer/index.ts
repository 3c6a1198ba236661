// What sidecars and Mixer say to each other: attributes, in messages and header fields, and refusals.
export {
  type Attributes,
  attributesMessage,
  type AttributeTime,
  attributeTime,
  attributeTimeOf,
  type AttributeValue,
  readAttributes,
} from './attributes.ts';
export { type DenialText, denialText } from './denial-text.ts';
export {
  FORWARDED_ATTRIBUTES,
  FORWARDED_NAMESPACE,
  forwardedField,
  readForwarded,
  TOKENS_NAMESPACE,
} from './forwarded-attributes.ts';
export { addForwarded, addPrincipal, addText, addToken, principalOf } from './proven-attributes.ts';
