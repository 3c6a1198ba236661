// The vocabulary in which a kind describes its fields: plain data that one walk decodes by.

export type Path = readonly (string | number)[];

/** What a check of one message found; `path` leads on from the message. */
export interface Finding {
  readonly path: Path;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly severity?: 'error' | 'warning';
}

export type Fields = Readonly<Record<string, Field>>;
type Message = Readonly<Record<string, unknown>>;

export type Field =
  | TextField
  | NumberField
  | BooleanField
  | EnumField
  | PortField
  | ListField
  | MapField
  | MessageField
  | AnyField;

/** `check` answers what is wrong with the text, or undefined. */
export interface TextField {
  readonly kind: 'text';
  readonly check?: TextCheck | undefined;
}

export type TextCheck = (text: string) => Omit<Finding, 'path'> | undefined;

/** `asText`: a text of digits is taken too, as protobuf's JSON writes numbers of 64 bits. */
export interface NumberField {
  readonly kind: 'number';
  readonly asText?: boolean;
  readonly integer: boolean;
  readonly min: number;
  readonly max: number;
}

export interface BooleanField {
  readonly kind: 'boolean';
}

/** `numbered`: a value's place in the list stands for it too, as in protobuf's JSON. */
export interface EnumField {
  readonly kind: 'enum';
  readonly numbered?: boolean;
  readonly values: readonly string[];
}

/** A port by number or by name (Kubernetes' IntOrString). */
export interface PortField {
  readonly kind: 'port';
}

export interface ListField {
  readonly kind: 'list';
  readonly item: Field;
  readonly min: number;
}

export interface MapField {
  readonly kind: 'map';
  readonly value: Field;
}

/** `open` messages keep fields that they do not describe. Each group of `oneOf` holds fields that exclude each other. */
export interface MessageField {
  readonly kind: 'message';
  readonly fields: Fields;
  readonly required: readonly string[];
  readonly oneOf: readonly (readonly string[])[];
  readonly open: boolean;
  readonly check?: ((message: Message) => Iterable<Finding>) | undefined;
}

/** Anything goes, as it is. */
export interface AnyField {
  readonly kind: 'any';
}

export const text = (check?: TextCheck): TextField => ({ kind: 'text', check });
export const integer = (min: number, max: number): NumberField => ({ kind: 'number', integer: true, min, max });
export const decimal = (min: number, max: number): NumberField => ({ kind: 'number', integer: false, min, max });
export const flag: BooleanField = { kind: 'boolean' };
export const oneOfTexts = (...values: readonly string[]): EnumField => ({ kind: 'enum', values });
export const numberedTexts = (...values: readonly string[]): EnumField => ({ kind: 'enum', numbered: true, values });
export const int64: NumberField = { ...integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), asText: true };
export const portNumber: NumberField = integer(1, 65_535);
export const portRef: PortField = { kind: 'port' };
export const anything: AnyField = { kind: 'any' };
export const list = (item: Field, min = 0): ListField => ({ kind: 'list', item, min });
export const mapOf = (value: Field): MapField => ({ kind: 'map', value });
export const texts: ListField = list(text());
export const labelMap: MapField = mapOf(text());
/** Counts and sizes of protobuf's 32 bit fields. */
export const count: NumberField = integer(0, 4_294_967_295);

export function message(fields: Fields, more: Partial<Omit<MessageField, 'kind' | 'fields'>> = {}): MessageField {
  return { kind: 'message', fields, required: [], oneOf: [], open: false, ...more };
}
