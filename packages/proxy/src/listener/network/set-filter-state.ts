// Notes texts of a connection under keys that filters after it go by.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/set_filter_state
import type { FilterStateValue } from '@meltemi/api/envoy/extensions/filters/common/set_filter_state/v3/value_pb';
import type { Config } from '@meltemi/api/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb';
import { compileAccessLog, type Render } from '@meltemi/telemetry';
import { TcpEntry } from '../../tcp/tcp-entry.ts';
import { ListenerConfigError } from '../listener-config-error.ts';
import type { ListenerParts } from '../listener-parts.ts';
import type { ConnectionFilter } from './connection-filter.ts';
import { setState } from './connection-state.ts';

interface Value {
  readonly key: string;
  readonly render: Render;
  readonly skipIfEmpty: boolean;
}

/** Throws a typed error for formats that can't be honoured. */
export function setFilterState({ onNewConnection }: Config, { clock, accessLogs }: ListenerParts): ConnectionFilter {
  const values = onNewConnection.map((value) => compileValue(value, accessLogs.hostname));
  return {
    admit({ transport, entry }) {
      const known = new TcpEntry(entry, clock.now());
      for (const { key, render, skipIfEmpty } of values) {
        const text = render(known);
        if (text !== '' || !skipIfEmpty) setState(transport, key, text);
      }
      return undefined;
    },
    close: () => undefined,
  };
}

function compileValue({ key, value, skipIfEmpty }: FilterStateValue, hostname: string): Value {
  const format = value.case === 'formatString' ? value.value.format : undefined;
  const text = format?.case === 'textFormatSource' ? format.value.specifier : undefined;
  if (key.case !== 'objectKey' || text?.case !== 'inlineString')
    throw new ListenerConfigError(
      'UNSUPPORTED_FIELD',
      'set_filter_state: wants an object_key and an inline text format',
    );
  const render = compileAccessLog(text.value, { hostname, omitEmptyValues: value.value?.omitEmptyValues ?? false });
  return { key: key.value, render, skipIfEmpty };
}
