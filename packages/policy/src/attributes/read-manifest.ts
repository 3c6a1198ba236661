// YAML text → a manifest: resources of kind attributemanifest, Mixer 0.2's `manifests:`, or plainly `name: TYPE`.
import { formatProblem, formatSource } from '@meltemi/base';
import { type LocatedDocument, parseDocuments } from '@meltemi/config';

import { isValueType, type ValueType } from '../values/value-type.ts';

import type { Manifest } from './vocabulary.ts';

type Fields = Readonly<Record<string, unknown>>;

export class ManifestError extends Error {
  readonly code = 'BAD_MANIFEST';

  constructor(message: string) {
    super(message);
    this.name = 'ManifestError';
  }
}

/** All attributes of all documents; resources of other kinds are passed over. Throws ManifestError with the place. */
export function readManifest(text: string, file: string): Manifest {
  const { documents, problems } = parseDocuments(text, file);
  if (problems.length > 0) throw new ManifestError(problems.map(formatProblem).join('\n'));
  const manifest: Record<string, ValueType> = {};
  for (const document of documents) {
    for (const { path, fields } of attributeLists(document.value)) {
      for (const [name, entry] of Object.entries(fields)) manifest[name] = typeOf(document, [...path, name], entry);
    }
  }
  if (Object.keys(manifest).length === 0) throw new ManifestError(`${file}: declares no attributes`);
  return manifest;
}

interface AttributeList {
  readonly path: readonly (string | number)[];
  readonly fields: Fields;
}

function attributeLists(value: unknown): readonly AttributeList[] {
  if (!isFields(value)) return [];
  if (value['kind'] !== undefined) {
    const spec = value['kind'] === 'attributemanifest' ? value['spec'] : undefined;
    return isFields(spec) ? listAt(['spec', 'attributes'], spec['attributes']) : [];
  }
  if (Array.isArray(value['manifests'])) {
    return value['manifests'].flatMap((item: unknown, index) =>
      isFields(item) ? listAt(['manifests', index, 'attributes'], item['attributes']) : [],
    );
  }
  return isFields(value['attributes']) ? listAt(['attributes'], value['attributes']) : listAt([], value);
}

function listAt(path: AttributeList['path'], fields: unknown): readonly AttributeList[] {
  return isFields(fields) ? [{ path, fields }] : [];
}

function typeOf(document: LocatedDocument, path: AttributeList['path'], entry: unknown): ValueType {
  const type = isFields(entry) ? (entry['valueType'] ?? entry['value_type']) : entry;
  if (isValueType(type)) return type;
  const place = formatSource(document.locate(path));
  throw new ManifestError(`${place}: attribute ${path.at(-1)}: ${JSON.stringify(type)} is no type of values`);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
