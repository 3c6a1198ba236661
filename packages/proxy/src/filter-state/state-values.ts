// The values that filters note under keys for those after them, compiled for connections and for requests.
import type { FilterStateValue } from '@meltemi/api/envoy/extensions/filters/common/set_filter_state/v3/value_pb';
import { type AccessLogEntry, compileAccessLog, type Render } from '@meltemi/telemetry';
import { FilterConfigError } from '../http/http-config-error.ts';

export interface StateValue {
  readonly key: string;
  readonly render: Render;
  readonly skipIfEmpty: boolean;
}

/** Throws a typed error for formats that can't be honoured. */
export function stateValues(values: readonly FilterStateValue[], hostname: string): readonly StateValue[] {
  return values.map((value) => compileValue(value, hostname));
}

/** Calls `set` with each key and text that counts, in the order that is configured. */
export function setStates(
  values: readonly StateValue[],
  entry: AccessLogEntry,
  set: (key: string, text: string) => void,
): void {
  for (const { key, render, skipIfEmpty } of values) {
    const text = render(entry);
    if (text !== '' || !skipIfEmpty) set(key, text);
  }
}

function compileValue({ key, value, skipIfEmpty }: FilterStateValue, hostname: string): StateValue {
  const format = value.case === 'formatString' ? value.value.format : undefined;
  const text = format?.case === 'textFormatSource' ? format.value.specifier : undefined;
  if (key.case !== 'objectKey' || text?.case !== 'inlineString')
    throw new FilterConfigError('UNSUPPORTED_FIELD', 'set_filter_state: wants an object_key and an inline text format');
  const render = compileAccessLog(text.value, { hostname, omitEmptyValues: value.value?.omitEmptyValues ?? false });
  return { key: key.value, render, skipIfEmpty };
}
