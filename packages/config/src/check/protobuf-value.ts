// A value in protobuf's JSON → what of it a message does not take, each with its place.
import { type DescField, type DescMessage, fromJson, type JsonValue, type Registry } from '@bufbuild/protobuf';
import { didYouMean } from '@meltemi/base';
import { isRecord } from '../document.ts';
import { CODE } from '../problem-code.ts';
import type { Finding, Path } from '../schema.ts';

/** No findings: `fromJson` reads it. `registry` knows what is inside of `Any`. */
export function protobufFindings(schema: DescMessage, value: unknown, registry: Registry): readonly Finding[] {
  const walk = { registry, findings: [] as Finding[] };
  walkMessage(schema, value, [], walk);
  if (walk.findings.length === 0) tryWhole(schema, value, [], walk);
  return walk.findings;
}

interface Walk {
  readonly registry: Registry;
  readonly findings: Finding[];
}

/** Messages whose JSON is not that of their fields. */
const OWN_JSON = /^google\.protobuf\.(?:\w+Value|Struct|Value|Duration|Timestamp|FieldMask)$/;

function walkMessage(schema: DescMessage, value: unknown, path: Path, walk: Walk): void {
  if (schema.typeName === 'google.protobuf.Any') return walkAny(value, path, walk);
  if (OWN_JSON.test(schema.typeName)) return tryWhole(schema, value, path, walk);
  if (!isRecord(value)) return report(walk, path, CODE.wrongType, `a map is needed for ${schema.typeName}`);
  for (const [key, entry] of Object.entries(value)) {
    const field = schema.fields.find(({ name, jsonName }) => name === key || jsonName === key);
    if (field) walkField(field, entry, [...path, key], walk);
    else unknownField(schema, [...path, key], walk);
  }
}

function walkAny(value: unknown, path: Path, walk: Walk): void {
  const url: unknown = isRecord(value) ? value['@type'] : undefined;
  if (!isRecord(value) || typeof url !== 'string') return report(walk, path, CODE.missing, '"@type" is needed');
  const schema = walk.registry.getMessage(url.slice(url.lastIndexOf('/') + 1));
  if (!schema) return unknownType(url, [...path, '@type'], walk);
  const { '@type': _, ...fields } = value;
  if (OWN_JSON.test(schema.typeName)) walkMessage(schema, fields['value'], [...path, 'value'], walk);
  else walkMessage(schema, fields, path, walk);
}

function walkField(field: DescField, value: unknown, path: Path, walk: Walk): void {
  if (value === null) return;
  if (field.fieldKind === 'list') return walkList(field, value, path, walk);
  if (field.fieldKind === 'map') return walkMap(field, value, path, walk);
  if (field.fieldKind === 'message') return walkMessage(field.message, value, path, walk);
  tryWhole(field.parent, { [field.jsonName]: value }, path, walk);
}

function walkList(field: DescField & { fieldKind: 'list' }, value: unknown, path: Path, walk: Walk): void {
  if (!Array.isArray(value)) return report(walk, path, CODE.wrongType, 'a list is needed');
  for (const [index, entry] of value.entries()) {
    const at = [...path, index];
    if (field.listKind === 'message') walkMessage(field.message, entry, at, walk);
    else tryWhole(field.parent, { [field.jsonName]: [entry] }, at, walk);
  }
}

function walkMap(field: DescField & { fieldKind: 'map' }, value: unknown, path: Path, walk: Walk): void {
  if (!isRecord(value)) return report(walk, path, CODE.wrongType, 'a map is needed');
  for (const [key, entry] of Object.entries(value)) {
    const at = [...path, key];
    if (field.mapKind === 'message') walkMessage(field.message, entry, at, walk);
    else tryWhole(field.parent, { [field.jsonName]: { [key]: entry } }, at, walk);
  }
}

/** What only the whole tells: a value of another kind, or two fields that exclude each other. */
function tryWhole(schema: DescMessage, value: unknown, path: Path, { registry, findings }: Walk): void {
  try {
    fromJson(schema, value as JsonValue, { registry });
  } catch (error) {
    const message = (error as Error).message.replace(/^cannot decode (?:field|message) (\S+) from JSON/, '$1');
    findings.push({ path, code: CODE.badValue, message });
  }
}

function unknownField(schema: DescMessage, path: Path, { findings }: Walk): void {
  const key = String(path.at(-1));
  const meant = didYouMean(
    key,
    schema.fields.map(({ name }) => name),
  );
  const message = `${schema.typeName} has no field "${key}"`;
  findings.push({ path, code: CODE.unknownField, message, ...(meant && { hint: `did you mean "${meant}"?` }) });
}

function unknownType(url: string, path: Path, { findings }: Walk): void {
  const hint = url.includes('.v2.')
    ? 'the API of today is its third version'
    : 'a type that only your proxies know can be written as udpa.type.v1.TypedStruct';
  findings.push({ path, code: CODE.badValue, message: `the type ${JSON.stringify(url)} is not known`, hint });
}

function report({ findings }: Walk, path: Path, code: string, message: string): void {
  findings.push({ path, code, message });
}
