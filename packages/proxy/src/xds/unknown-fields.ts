// Finds fields of a decoded message that this program has no name for, at any depth outside of packed messages.

/** What becomes of a resource that has such fields: refused, or counted and taken without them. */
export interface UnknownFieldRule {
  readonly refuse: boolean;
  count(): void;
}

/** Throws a TypeError that names the field. */
export function screenUnknownFields(message: object, rule: UnknownFieldRule): void {
  const found = unknownField(message);
  if (found === undefined) return;
  if (rule.refuse) throw new TypeError(`unknown field: ${found}`);
  rule.count();
}

/** Where protobuf keeps what it couldn't name. */
interface WithUnknown {
  readonly $unknown?: readonly { readonly no: number }[];
}

/** The first one, as `envoy.config.cluster.v3.Cluster field 9999`; undefined: there is none. */
export function unknownField(message: object): string | undefined {
  const { $unknown: unknown } = message as WithUnknown;
  if (unknown !== undefined && unknown.length > 0) return `${typeNameOf(message)} field ${unknown[0]!.no}`;
  for (const member of Object.values(message)) {
    const found = isMessage(member) ? unknownField(member) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function isMessage(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}

function typeNameOf(message: object): string {
  return '$typeName' in message ? String(message.$typeName) : 'a message';
}
