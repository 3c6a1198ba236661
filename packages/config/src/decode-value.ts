// Plain data + schema → the same data in its canonical form (camelCase, nulls dropped), and what is wrong with it.
import { didYouMean } from '@meltemi/base';

import { isRecord } from './document.ts';
import { CODE } from './problem-code.ts';
import type { EnumField, Field, Finding, MessageField, NumberField, Path, TextField } from './schema.ts';

/** `at: 'key'`: the finding is about the name of the field, else about its value. */
export interface LocatedFinding extends Finding {
  readonly at: 'key' | 'value';
}

type Report = (finding: LocatedFinding) => void;
type Written = Readonly<Record<string, unknown>>;

/** Walks a value by its schema. With findings of severity error the value must not be used. */
export function decodeValue(
  field: Field,
  value: unknown,
  path: Path,
): { readonly value: unknown; readonly findings: readonly LocatedFinding[] } {
  const findings: LocatedFinding[] = [];
  return { value: decode(field, value, path, (finding) => findings.push(finding)), findings };
}

function decode(field: Field, value: unknown, path: Path, report: Report): unknown {
  switch (field.kind) {
    case 'text':
      return decodeText(field, value, path, report);
    case 'number':
      return decodeNumber(field, value, path, report);
    case 'boolean':
      return typeof value === 'boolean' ? value : wrongType('true or false', value, path, report);
    case 'enum':
      return decodeEnum(field, value, path, report);
    case 'port':
      return typeof value === 'number' || typeof value === 'string'
        ? value
        : wrongType("a port's number or name", value, path, report);
    case 'list':
      return decodeList(field.item, field.min, value, path, report);
    case 'map':
      return decodeMap(field.value, value, path, report);
    case 'message':
      return isRecord(value) ? decodeMessage(field, value, path, report) : wrongType('a map', value, path, report);
    default:
      return value;
  }
}

function decodeText(field: TextField, value: unknown, path: Path, report: Report): unknown {
  if (typeof value === 'string') return checked(field.check?.(value), value, path, report);
  return wrongType('a text', value, path, report, quoteHint(field, value));
}

function decodeMap(field: Field, value: unknown, path: Path, report: Report): unknown {
  if (!isRecord(value)) return wrongType('a map', value, path, report);
  const entries = Object.entries(value).map(([key, entry]) => [key, decode(field, entry, [...path, key], report)]);
  return Object.fromEntries(entries);
}

function decodeNumber(field: NumberField, written: unknown, path: Path, report: Report): unknown {
  const value = field.asText && typeof written === 'string' && /^-?\d+$/.test(written) ? Number(written) : written;
  if (typeof value !== 'number' || Number.isNaN(value)) {
    return wrongType('a number', value, path, report, unquoteHint(value));
  }
  if (field.integer && !Number.isInteger(value)) return wrongType('a whole number', value, path, report);
  if (value >= field.min && value <= field.max) return value;
  const message = `${value} is out of range: ${field.min} to ${field.max}`;
  return checked({ code: CODE.badValue, message }, value, path, report);
}

function decodeEnum({ values, numbered }: EnumField, written: unknown, path: Path, report: Report): unknown {
  const value = numbered && typeof written === 'number' ? (values[written] ?? written) : written;
  if (typeof value !== 'string') return wrongType(`one of ${values.join(', ')}`, value, path, report);
  if (values.includes(value)) return value;
  const meant = didYouMean(value, values);
  const message = `${JSON.stringify(value)} is not one of ${values.join(', ')}`;
  return checked(
    { code: CODE.badValue, message, ...(meant && { hint: `did you mean "${meant}"?` }) },
    value,
    path,
    report,
  );
}

function decodeList(item: Field, min: number, value: unknown, path: Path, report: Report): unknown {
  if (!Array.isArray(value)) return wrongType('a list', value, path, report);
  if (value.length < min) {
    report({ path, at: 'key', code: CODE.missing, message: `${formatName(path)} must not be empty` });
  }
  return value.map((entry: unknown, index) => decode(item, entry, [...path, index], report));
}

function decodeMessage(field: MessageField, value: Written, path: Path, reportAbove: Report): unknown {
  const decoded: Record<string, unknown> = {};
  let shapesHold = true;
  const meant = new Set<string>();
  const report: Report = (finding) => {
    if (finding.code === CODE.wrongType) shapesHold = false;
    reportAbove(finding);
  };
  for (const [key, entry] of Object.entries(value)) {
    if (entry === null || entry === undefined) continue;
    const name = fieldName(field, key);
    if (name !== undefined) decoded[name] = decode(field.fields[name]!, entry, [...path, key], report);
    else if (field.open) Object.defineProperty(decoded, key, { value: entry, enumerable: true });
    else report(unknownField(field, key, path, meant));
  }
  reportMissing(field, { ...Object.fromEntries([...meant].map((one) => [one, ''])), ...decoded }, path, report);
  reportExclusive(field, decoded, path, report);
  // A check relies on the types that the schema promises, and on fields that have their right names.
  for (const finding of (shapesHold && meant.size === 0 && field.check?.(decoded)) || []) {
    report({ ...finding, path: [...path, ...finding.path], at: 'key' });
  }
  return decoded;
}

/** Protobuf's JSON takes fields by both names: `fixedDelay` and `fixed_delay`. */
function fieldName(field: MessageField, key: string): string | undefined {
  if (Object.hasOwn(field.fields, key)) return key;
  const camel = key.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return Object.hasOwn(field.fields, camel) ? camel : undefined;
}

/** Notes the field that was probably meant: it is not missing then. */
function unknownField(field: MessageField, key: string, path: Path, allMeant: Set<string>): LocatedFinding {
  const meant = didYouMean(key, Object.keys(field.fields));
  if (meant) allMeant.add(meant);
  const where = path.length > 0 ? ` in ${formatName(path)}` : '';
  const hint = meant ? `did you mean "${meant}"?` : `known: ${Object.keys(field.fields).join(', ')}`;
  return { path: [...path, key], at: 'key', code: CODE.unknownField, message: `unknown field "${key}"${where}`, hint };
}

function reportMissing(field: MessageField, decoded: Written, path: Path, report: Report): void {
  for (const name of field.required) {
    if (decoded[name] !== undefined) continue;
    report({ path, at: 'key', code: CODE.missing, message: `${formatName(path)} needs the field "${name}"` });
  }
}

function reportExclusive(field: MessageField, decoded: Written, path: Path, report: Report): void {
  for (const group of field.oneOf) {
    const [first, second] = group.filter((name) => decoded[name] !== undefined);
    if (first === undefined || second === undefined) continue;
    const message = `"${first}" and "${second}" exclude each other`;
    report({ path: [...path, second], at: 'key', code: CODE.exclusive, message });
  }
}

function checked(finding: Omit<Finding, 'path'> | undefined, value: unknown, path: Path, report: Report): unknown {
  if (finding) report({ ...finding, path, at: 'value' });
  return value;
}

function wrongType(wanted: string, value: unknown, path: Path, report: Report, hint?: string): unknown {
  const message = `${formatName(path)}: expected ${wanted}, got ${describe(value)}`;
  report({ path, at: 'value', code: CODE.wrongType, message, ...(hint !== undefined && { hint }) });
  return value;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `the text ${JSON.stringify(shorten(value))}`;
  if (typeof value === 'number' || typeof value === 'bigint') return `the number ${value}`;
  if (Array.isArray(value)) return 'a list';
  if (value === null || value === undefined) return 'nothing';
  return typeof value === 'boolean' ? String(value) : 'a map';
}

/** A text that would be none either way has a hint of its own. */
function quoteHint({ check }: TextField, value: unknown): string | undefined {
  if (typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  return check?.(String(value))?.hint ?? `write it in quotes: "${value}"`;
}

function unquoteHint(value: unknown): string | undefined {
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? `write it without quotes: ${value}` : undefined;
}

function shorten(value: string): string {
  return value.length > 40 ? `${value.slice(0, 40)}…` : value;
}

/** The last word of a path, for messages: the place says the rest. */
function formatName(path: Path): string {
  const last = path.findLast((step) => typeof step === 'string');
  return last === undefined ? 'the object' : `"${last}"`;
}
