// Turns an expression about a request into a text, for the labels that users add to metrics.
import { parseExpression } from '../expression/cel.ts';
import { FilterConfigError } from '../http/http-config-error.ts';
import type { StreamEntry } from '../http/stream-entry.ts';

/** What it says of a request; `unknown` where it says nothing. */
export type Expression = (entry: StreamEntry) => string;

const MAX_LENGTH = 1024;

/** Throws FilterConfigError. `place`: for the message. */
export function compileExpression(text: string, place: string): Expression {
  const evaluate = parsed(text, place);
  return (entry) => {
    try {
      return shown(evaluate(entry));
    } catch {
      return 'unknown';
    }
  };
}

function parsed(text: string, place: string): ReturnType<typeof parseExpression> {
  if (text.length > MAX_LENGTH)
    throw new FilterConfigError('BAD_FILTER', `${place}: longer than ${MAX_LENGTH} characters`);
  try {
    return parseExpression(text);
  } catch (error) {
    throw new FilterConfigError('BAD_FILTER', `${place}: ${(error as Error).message}`);
  }
}

function shown(value: unknown): string {
  if (value === undefined || value === null || value === '') return 'unknown';
  return typeof value === 'object' ? JSON.stringify(value) : `${value as string | number | bigint | boolean}`;
}
