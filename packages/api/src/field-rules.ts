// Says of each field of a message what becomes of it, so that none is left out in silence: honoured, without effect, or refused.
import { type DescMessage, isFieldSet, type MessageShape } from '@bufbuild/protobuf';

/** What is wrong with a field, and where it stands in its message. */
export interface FieldFault {
  readonly path: string;
  readonly message: string;
}

export type FieldRule<Shape> =
  /** Something reads it, and refuses what it can't honour. */
  | 'honoured'
  /** It tunes what the reader hasn't; behaviour stays what was asked for. */
  | 'harmless'
  /** … for this reason. */
  | { readonly harmless: string }
  /** Why it can't be honoured; empty: it is not there. Where `where` says so, else wherever it is set. */
  | { readonly refused: string; readonly where?: (message: Shape) => boolean }
  /** Names parts of the field by their own paths. */
  | ((message: Shape) => readonly FieldFault[]);

/** By the names of the fields in the protobuf file; a test checks that they are all. */
export type FieldRules<Shape> = Readonly<Record<string, FieldRule<Shape>>>;

/** Faults of all fields that are set. A field without a rule is refused. */
export function fieldFaults<Desc extends DescMessage>(
  schema: Desc,
  rules: FieldRules<MessageShape<Desc>>,
  message: MessageShape<Desc>,
): readonly FieldFault[] {
  return schema.fields.flatMap((field) =>
    isFieldSet(message, field) ? faultsOf(field.name, rules[field.name] ?? { refused: '' }, message) : [],
  );
}

function faultsOf<Shape>(path: string, rule: FieldRule<Shape>, message: Shape): readonly FieldFault[] {
  if (typeof rule === 'string' || 'harmless' in rule) return [];
  if (typeof rule === 'function') return rule(message);
  if (rule.where && !rule.where(message)) return [];
  return [{ path, message: rule.refused }];
}

/** The first fault in words; undefined: every field can be honoured. */
export function refusedField<Desc extends DescMessage>(
  schema: Desc,
  rules: FieldRules<MessageShape<Desc>>,
  message: MessageShape<Desc>,
): string | undefined {
  const [fault] = fieldFaults(schema, rules, message);
  if (!fault) return undefined;
  return `${fault.path} is not supported${fault.message === '' ? '' : `: ${fault.message}`}`;
}
