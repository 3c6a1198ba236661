// Parses Envoy's format strings (`%REQ(x)%`, `%DOWNSTREAM_REMOTE_ADDRESS%`) to segments and renders them.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#command-operators
import { DecideError } from './decide-error.ts';
import { FORMAT_COMMANDS } from './format-commands.ts';

/** A value with substitutions: plain text, or segments in order. */
export type Format = string | readonly FormatSegment[];

export type FormatSegment = string | FormatCommand;

/** One `%NAME(argument):maxLength%`. */
export interface FormatCommand {
  readonly name: string;
  /** Between the parentheses; empty without. */
  readonly argument: string;
  readonly maxLength: number | undefined;
  /** The header names of `REQ(X?Y)`, `RESP(X?Y)`, lower-case, in the order to try. */
  readonly headers: readonly string[];
}

/** Where substitutions take their values from; undefined: nothing to say. */
export interface FormatSource {
  /** The first value where a header comes several times, as Envoy renders it. */
  requestHeader(name: string): string | undefined;
  responseHeader(name: string): string | undefined;
  /** Every other command, by name (`DOWNSTREAM_REMOTE_ADDRESS`) and argument. */
  value(name: string, argument: string): string | undefined;
}

const HEADER_COMMANDS: ReadonlySet<string> = new Set(['REQ', 'RESP', 'TRAILER']);

const COMMAND = /%%|%([A-Z0-9_]+)(?:\(([^)]*)\))?(?::(\d+))?%/y;

/** Segments of a format string, `%%` being a percent sign. Throws DecideError BAD_FORMAT. */
export function parseFormat(text: string): Format {
  if (!text.includes('%')) return text;
  const segments: FormatSegment[] = [];
  let literal = '';
  for (let position = 0; position < text.length;) {
    const next = text.indexOf('%', position);
    literal += text.slice(position, next < 0 ? text.length : next);
    if (next < 0) break;
    COMMAND.lastIndex = next;
    const match = COMMAND.exec(text);
    if (!match) throw new DecideError('BAD_FORMAT', `format "${text}": no command at position ${next}`);
    position = COMMAND.lastIndex;
    if (match[1] === undefined) {
      literal += '%';
      continue;
    }
    if (literal) segments.push(literal);
    literal = '';
    segments.push(parseCommand(match[1], match[2] ?? '', match[3]));
  }
  if (segments.length === 0) return literal;
  if (literal) segments.push(literal);
  return segments;
}

/** The text of a format; a command that has nothing to say adds nothing. */
export function renderFormat(format: Format, source: FormatSource): string {
  if (typeof format === 'string') return format;
  let text = '';
  for (const segment of format) text += typeof segment === 'string' ? segment : renderCommand(segment, source);
  return text;
}

function parseCommand(name: string, argument: string, maxLength: string | undefined): FormatCommand {
  if (!FORMAT_COMMANDS.has(name)) throw new DecideError('BAD_FORMAT', `%${name}% is not known`);
  const isHeader = HEADER_COMMANDS.has(name);
  const headers = isHeader ? argument.toLowerCase().split('?', 2) : [];
  if (isHeader && !headers[0]) throw new DecideError('BAD_FORMAT', `%${name}()% names no header`);
  return { name, argument, maxLength: maxLength === undefined ? undefined : Number(maxLength), headers };
}

function renderCommand(command: FormatCommand, source: FormatSource): string {
  const value = commandValue(command, source) ?? '';
  return command.maxLength === undefined ? value : value.slice(0, command.maxLength);
}

function commandValue(command: FormatCommand, source: FormatSource): string | undefined {
  if (command.name === 'REQ') return firstHeader(command.headers, (name) => source.requestHeader(name));
  if (command.name === 'RESP') return firstHeader(command.headers, (name) => source.responseHeader(name));
  return source.value(command.name, command.argument);
}

function firstHeader(names: readonly string[], get: (name: string) => string | undefined): string | undefined {
  for (const name of names) {
    const value = get(name);
    if (value !== undefined) return value;
  }
  return undefined;
}
