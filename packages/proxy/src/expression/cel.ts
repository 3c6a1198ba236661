// Parses CEL expressions over what is known of a request or connection: a text to a function of an access-log entry.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes
import { Environment } from '@marcbachmann/cel-js';
import type { AccessLogEntry } from '@meltemi/telemetry';
import { entryAttributes, rootsIn } from './entry-attributes.ts';

/** Throws what CEL says when an attribute is absent or of a wrong type. */
export type EntryExpression = (entry: AccessLogEntry) => unknown;

const environment = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false });

/** Throws an Error whose message is one line. */
export function parseExpression(text: string): EntryExpression {
  const evaluate = parsed(text);
  const roots = rootsIn(text);
  return (entry) => evaluate(entryAttributes(entry, roots));
}

function parsed(text: string): (values: Record<string, unknown>) => unknown {
  try {
    return environment.parse(text);
  } catch (cause) {
    const [reason = ''] = String(cause instanceof Error ? cause.message : cause).split('\n');
    throw new Error(`${text}: ${reason}`, { cause });
  }
}
