// Compiles header operations of routes to changes, and applies them to a header list in Envoy's order.
import {
  type HeaderValueOption,
  HeaderValueOption_HeaderAppendAction as AppendAction,
} from '@meltemi/api/envoy/config/core/v3/base_pb';
import { DecideError } from './decide-error.ts';
import { type Format, type FormatSource, parseFormat, renderFormat } from './format.ts';
import type { HeaderView } from './request-view.ts';

/** One operation on headers; names are lower-case. A change whose value comes out empty is skipped unless it keeps empty values. */
export type HeaderChange =
  | { readonly kind: 'remove'; readonly name: string; readonly level: number }
  | {
      /** append: after what is there; add-if-absent; set: replace or add; replace: only where it is there. */
      readonly kind: 'append' | 'add-if-absent' | 'set' | 'replace';
      readonly name: string;
      readonly value: Format;
      readonly keepEmptyValue: boolean;
      /** Changes of one level see the headers as they were before any of them; levels follow one another. */
      readonly level: number;
    };

type HeaderAddition = Exclude<HeaderChange, { kind: 'remove' }>;

/** Headers that can change; wire's Headers satisfies it. */
export interface MutableHeaders extends HeaderView {
  set(name: string, value: string): void;
  add(name: string, value: string): void;
  remove(name: string): void;
}

/** The four lists that routes, virtual hosts, route configurations and weighted clusters carry. */
export interface HeaderOperations {
  readonly requestHeadersToAdd: readonly HeaderValueOption[];
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToAdd: readonly HeaderValueOption[];
  readonly responseHeadersToRemove: readonly string[];
}

/** The changes of one level. Throws DecideError BAD_HEADER, BAD_FORMAT. */
export function compileHeaderChanges(
  additions: readonly HeaderValueOption[],
  removals: readonly string[],
): readonly HeaderChange[] {
  return [...removals.map(compileRemoval), ...additions.map(compileAddition)];
}

/** Joins levels in the order in which they apply. */
export function joinLevels(levels: readonly (readonly HeaderChange[])[]): readonly HeaderChange[] {
  return levels.flatMap((changes, level) => changes.map((change) => ({ ...change, level })));
}

/** A change to a fixed value at the end of all levels. */
export function lastly(kind: 'set' | 'append', name: string, value: string): HeaderChange {
  return { kind, name, value, keepEmptyValue: false, level: Number.MAX_SAFE_INTEGER };
}

/**
 * Applies the changes level by level: first the removals, then every value is rendered from `source`, then what
 * replaces, then what adds.
 */
export function applyHeaderChanges(
  changes: readonly HeaderChange[],
  headers: MutableHeaders,
  source: FormatSource,
): void {
  for (let start = 0; start < changes.length;) {
    const level = changes[start]!.level;
    let end = start;
    while (end < changes.length && changes[end]!.level === level) end++;
    applyLevel(changes, start, end, headers, source);
    start = end;
  }
}

function applyLevel(
  changes: readonly HeaderChange[],
  start: number,
  end: number,
  headers: MutableHeaders,
  source: FormatSource,
): void {
  const rendered: { readonly change: HeaderAddition; readonly value: string }[] = [];
  for (let index = start; index < end; index++) {
    const change = changes[index]!;
    if (change.kind === 'remove') {
      headers.remove(change.name);
      continue;
    }
    const value = renderFormat(change.value, source);
    if ((value !== '' || change.keepEmptyValue) && applies(change, headers)) rendered.push({ change, value });
  }
  for (const { change, value } of rendered) if (replaces(change)) headers.set(change.name, value);
  for (const { change, value } of rendered) if (!replaces(change)) headers.add(change.name, value);
}

function applies(change: HeaderAddition, headers: HeaderView): boolean {
  if (change.kind === 'add-if-absent') return !headers.has(change.name);
  if (change.kind === 'replace') return headers.has(change.name);
  return true;
}

function replaces(change: HeaderAddition): boolean {
  return change.kind === 'set' || change.kind === 'replace';
}

function compileRemoval(name: string): HeaderChange {
  return { kind: 'remove', name: modifiableName(name), level: 0 };
}

function compileAddition(option: HeaderValueOption): HeaderChange {
  const { header } = option;
  if (!header) throw new DecideError('BAD_HEADER', 'a header to add has no name');
  const text = header.value !== '' ? header.value : new TextDecoder('latin1').decode(header.rawValue);
  if (/[\0\r\n]/.test(text))
    throw new DecideError('BAD_HEADER', `header ${header.key}: line break or NUL in its value`);
  return {
    kind: additionKind(option),
    name: modifiableName(header.key),
    value: parseFormat(text),
    keepEmptyValue: option.keepEmptyValue,
    level: 0,
  };
}

const KIND_OF: Readonly<Record<AppendAction, HeaderAddition['kind']>> = {
  [AppendAction.APPEND_IF_EXISTS_OR_ADD]: 'append',
  [AppendAction.ADD_IF_ABSENT]: 'add-if-absent',
  [AppendAction.OVERWRITE_IF_EXISTS_OR_ADD]: 'set',
  [AppendAction.OVERWRITE_IF_EXISTS]: 'replace',
};

function additionKind(option: HeaderValueOption): HeaderAddition['kind'] {
  if (option.append === undefined) return KIND_OF[option.appendAction];
  if (option.appendAction !== AppendAction.APPEND_IF_EXISTS_OR_ADD) {
    throw new DecideError('BAD_HEADER', `header ${option.header?.key}: both append and append_action are set`);
  }
  return option.append ? 'append' : 'set';
}

// Pseudo headers and the host are changed by route actions only.
function modifiableName(name: string): string {
  const lower = name.toLowerCase();
  if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(lower)) throw new DecideError('BAD_HEADER', `"${name}" is not a header name`);
  if (lower === 'host') throw new DecideError('BAD_HEADER', 'the host header may not be modified');
  return lower;
}
