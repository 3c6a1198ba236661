// A file's text with one of its objects replaced or taken out; everything else stays byte for byte.
import type { ResourceName } from '@meltemi/base';
import { type Document, parseDocument } from 'yaml';

import { decodeResource } from './decode-resource.ts';
import { parseDocuments, YAML_OPTIONS } from './document.ts';
import { objectToYaml } from './resource-yaml.ts';

/** The new text, or undefined when the object isn't in it. `value` undefined takes the object out. */
export function editText(text: string, name: ResourceName, value: unknown): string | undefined {
  const chunks = splitDocuments(text);
  for (const [index, chunk] of chunks.entries()) {
    const edited = editChunk(chunk, name, value);
    if (edited !== undefined) return chunks.toSpliced(index, 1, ...(edited === '' ? [] : [edited])).join('');
  }
  return undefined;
}

/** A line that begins with `---` begins a document, wherever it stands: YAML 1.2, 9.1.2. */
function splitDocuments(text: string): readonly string[] {
  return text.split(/^(?=---(?:\s|$))/m);
}

function editChunk(chunk: string, name: ResourceName, value: unknown): string | undefined {
  const { documents } = parseDocuments(chunk, '');
  const index = documents.findIndex((document) => isNamed(decodedName(document.value), name));
  if (index < 0) return undefined;
  const document = parseDocument(chunk.replace(/^---/, '   '), YAML_OPTIONS);
  if (isList(document)) return editList(chunk, document, index, value);
  if (value === undefined) return '';
  return `${heading(chunk)}${objectToYaml(value)}`;
}

/** Item by item, so that the comments of the others stay. */
function editList(chunk: string, document: Document, index: number, value: unknown): string {
  if (value === undefined) document.deleteIn(['items', index]);
  else document.setIn(['items', index], document.createNode(value));
  const start = chunk.startsWith('---') ? '---\n' : '';
  return `${start}${document.toString({ indentSeq: false, lineWidth: 0 })}`;
}

function isList(document: Document): boolean {
  const kind = document.get('kind');
  return typeof kind === 'string' && kind.endsWith('List') && document.has('items');
}

/** The `---` line and the comments above the object. */
function heading(chunk: string): string {
  return /^(?:---[^\n]*\n|[ \t]*#[^\n]*\n|[ \t]*\n)*/.exec(chunk)?.[0] ?? '';
}

/** A broken object has a name too: replacing is how it is mended. */
function decodedName(value: unknown): Partial<ResourceName> {
  const document = { value, source: NOWHERE, locate: () => NOWHERE, locateKey: () => NOWHERE };
  const { resource, problems } = decodeResource(document);
  if (resource) return { kind: resource.kind, ...pick(resource.metadata) };
  const named = problems.find((problem) => problem.resource)?.resource;
  return named ?? {};
}

const NOWHERE = { file: '', line: 1, column: 1 };

const pick = ({ namespace, name }: { readonly namespace: string; readonly name: string }) => ({ namespace, name });

function isNamed(found: Partial<ResourceName>, name: ResourceName): boolean {
  return found.kind === name.kind && found.namespace === name.namespace && found.name === name.name;
}
