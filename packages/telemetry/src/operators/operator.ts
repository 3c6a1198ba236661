// What a command operator of an access-log format is: a function from an entry to a value.
import type { JsonValue } from '@bufbuild/protobuf';
import { AccessLogError } from '../access-log-error.ts';
import type { AccessLogEntry } from '../access-log-entry.ts';

/** Undefined: the entry doesn't know it. Other values keep their type in JSON formats. */
export type OperatorValue = JsonValue | JsonText | StructNumber | undefined;
export type Operator = (entry: AccessLogEntry) => OperatorValue;

/** What operators need that no entry holds. */
export interface OperatorContext {
  readonly hostname: string;
  /** Milliseconds since the epoch; without it there is no `EMIT_TIME`. */
  readonly now?: () => number;
  /** Without it there is no `UNIQUE_ID`. */
  readonly uuid?: () => string;
}

/** Compiles what stands in brackets after the operator's name; undefined: there are no brackets. Throws AccessLogError. */
export type CompileOperator = (argument: string | undefined, context: OperatorContext, name: string) => Operator;

/** A value that a text format shows as JSON as well. */
export class JsonText {
  readonly value: JsonValue;

  constructor(value: JsonValue) {
    this.value = value;
  }
}

/** A number of a Struct, which a text format shows as Envoy shows those. */
export class StructNumber {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** An operator that takes no argument. */
export function plain(operator: Operator): CompileOperator {
  return (argument, _context, name) => {
    if (argument !== undefined) throw badArgument(name, `it takes none, and has "(${argument})"`);
    return operator;
  };
}

export function badArgument(name: string, reason: string): AccessLogError {
  return new AccessLogError('BAD_ARGUMENT', `access log operator %${name}%: argument: ${reason}`);
}

/** An empty text stands for what is not known. */
export function known(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
