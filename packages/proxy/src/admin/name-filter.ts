// Turns a regular expression of a query into the test for a name. The engine is linear in time, whatever is asked.
import { compileRegex } from '@meltemi/decide';
import { AdminRequestError } from './admin-error.ts';

/** Undefined: every name passes. `whole`: the expression must fit all of the name. Throws AdminRequestError. */
export function nameFilter(pattern: string | null, whole: boolean): ((name: string) => boolean) | undefined {
  if (pattern === null || pattern === '') return undefined;
  try {
    return compileRegex(whole ? pattern : `.*(?:${pattern}).*`);
  } catch (error) {
    throw new AdminRequestError(`Invalid re2 regex: ${(error as Error).message}`);
  }
}
