// Turns a configuration text, YAML or JSON, into a protobuf message, or into all of its problems with their places.
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { Problem } from '@meltemi/base';
import { xdsRegistry } from '../xds/registry.ts';
import { type ConfigDocument, readConfigDocument, readPlacedDocument } from './config-document.ts';
import { type JsonFault, type JsonPath, readJsonMessage } from './json-message.ts';

export interface ConfigMessageOptions {
  /** Named in problems. */
  readonly file: string;
  readonly ignoreUnknownFields: boolean;
}

export type ConfigMessageReading<Desc extends DescMessage> =
  | { readonly kind: 'message'; readonly message: MessageShape<Desc> }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

export async function readConfigMessage<Desc extends DescMessage>(
  schema: Desc,
  text: string,
  options: ConfigMessageOptions,
): Promise<ConfigMessageReading<Desc>> {
  const { file, ignoreUnknownFields } = options;
  const read = await readConfigDocument(text, file);
  if (read.kind === 'problems') return read;
  const { document } = read;
  const reading = readJsonMessage(schema, document.value, { registry: xdsRegistry, ignoreUnknownFields });
  if (reading.kind === 'message') return reading;
  const placed = await readPlacedDocument(text, file);
  const places = placed.kind === 'document' ? placed.document : document;
  return { kind: 'problems', problems: reading.faults.map((fault) => faultProblem(fault, places, file)) };
}

function faultProblem(fault: JsonFault, document: ConfigDocument, file: string): Problem {
  const source = document.locate(fault.path);
  const path = formatPath(fault.path);
  return {
    severity: 'error',
    code: 'MEL0102',
    message: `${source ? '' : `${file}: `}${path ? `${path}: ` : ''}${fault.message}`,
    path,
    ...(source && { source }),
    ...(fault.hint && { hint: fault.hint }),
  };
}

/** Gives problems that name a field its place in the text, where the text has one. */
export async function placeProblems(
  problems: readonly Problem[],
  text: string,
  file: string,
): Promise<readonly Problem[]> {
  const read = await readPlacedDocument(text, file);
  if (read.kind === 'problems') return problems;
  return problems.map((problem) => {
    const source = problem.path === undefined ? undefined : read.document.locate(parsePath(problem.path));
    return source && !problem.source ? { ...problem, source } : problem;
  });
}

/** The reverse of `formatPath`. */
function parsePath(path: string): JsonPath {
  return [...path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, name]) =>
    index === undefined ? name! : Number(index),
  );
}

/** `static_resources.clusters[0].name` */
export function formatPath(path: JsonPath): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index > 0 ? '.' : ''}${step}`))
    .join('');
}
