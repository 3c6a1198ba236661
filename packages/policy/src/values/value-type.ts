// The types that an attribute or an expression can have, by their names in manifests (istio.mixer.v1.config.descriptor).
export const VALUE_TYPES = [
  'STRING',
  'INT64',
  'DOUBLE',
  'BOOL',
  'TIMESTAMP',
  'IP_ADDRESS',
  'EMAIL_ADDRESS',
  'URI',
  'DNS_NAME',
  'DURATION',
  'STRING_MAP',
] as const;

export type ValueType = (typeof VALUE_TYPES)[number];

/** True for the name of a type, as manifests write it. */
export function isValueType(name: unknown): name is ValueType {
  return (VALUE_TYPES as readonly unknown[]).includes(name);
}
