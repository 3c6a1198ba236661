// A problem → a message in the form of Istio's analysis.
// https://istio.io/latest/docs/reference/config/analysis/message-format/
import type { Problem } from '@meltemi/base';
import { CODE, levelOf, type Level, LEVELS } from '@meltemi/config';

export interface Message {
  readonly code: string;
  readonly level: Level;
  readonly message: string;
  /** `VirtualService default/httpbin` */
  readonly origin: string;
  /** `file:line:column` */
  readonly reference?: string;
  readonly documentationUrl?: string;
}

export const DOCUMENTATION = 'https://istio.io/latest/docs/reference/config/analysis';

/** Mistakes in the form of one object have one code in Istio. */
const SCHEMA: ReadonlySet<string> = new Set([
  CODE.unknownField,
  CODE.unknownKind,
  CODE.wrongType,
  CODE.missing,
  CODE.badValue,
  CODE.badRegex,
  CODE.badDuration,
  CODE.weights,
  CODE.exclusive,
]);

/** The code by which a problem is told, and suppressed. */
export function toldCode({ severity, code }: Pick<Problem, 'severity' | 'code'>): string {
  return severity === 'error' && SCHEMA.has(code) ? 'IST0106' : code;
}

export function messageOf(problem: Problem): Message {
  const { message, resource, source, hint } = problem;
  const code = toldCode(problem);
  const prefix = code === 'IST0106' ? 'Schema validation error: ' : '';
  const name = resource && (resource.namespace ? `${resource.namespace}/${resource.name}` : resource.name);
  return {
    code,
    ...(code.startsWith('IST') && { documentationUrl: `${DOCUMENTATION}/${code.toLowerCase()}/` }),
    level: levelOf(problem),
    message: `${prefix}${message}${hint ? ` (${hint})` : ''}`,
    origin: resource ? `${resource.kind} ${name}` : '',
    ...(source && { reference: `${source.file}:${source.line}:${source.column}` }),
  };
}

/** The gravest first, each once. */
export function inOrder(messages: readonly Message[]): readonly Message[] {
  const unique = new Map(messages.map((message) => [JSON.stringify(message), message]));
  return [...unique.values()].toSorted((one, other) => compare(sortKey(one), sortKey(other)));
}

function sortKey({ level, code, origin, reference = '', message }: Message): readonly string[] {
  return [String(LEVELS.length - LEVELS.indexOf(level)), code, origin, lineKey(reference), message];
}

/** Lines and columns in the order of numbers. */
function lineKey(reference: string): string {
  return reference.replaceAll(/\d+/g, (digits) => digits.padStart(9, '0'));
}

function compare(one: readonly string[], other: readonly string[]): number {
  const index = one.findIndex((part, at) => part !== other[at]);
  if (index < 0) return 0;
  return one[index]! < other[index]! ? -1 : 1;
}

const COLOURS: Readonly<Record<Level, string>> = { Info: '', Warning: '\u001B[33m', Error: '\u001B[1;31m' };

/** One line, as `istioctl analyze` prints it. */
export function formatMessage({ level, code, origin, reference, message }: Message, colour: boolean): string {
  const about = [origin, reference].filter((part) => part).join(' ');
  const painted = colour ? `${COLOURS[level]}${level}\u001B[0m` : level;
  return `${painted} [${code}]${about ? ` (${about})` : ''} ${message}\n`;
}
