// Writes what a listener reads of a connection before it chooses a chain: its first address, its hello, its first bytes.
import { create, type DescMessage } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import {
  type ListenerFilter,
  ListenerFilterChainMatchPredicateSchema,
  ListenerFilterSchema,
} from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { HttpInspectorSchema } from '@meltemi/api/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb';
import { OriginalDstSchema } from '@meltemi/api/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb';
import { TlsInspectorSchema } from '@meltemi/api/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb';
import { msToDuration } from '@meltemi/base';
import type { CaptureInput, ListenerInput } from '../input/listener-input.ts';

/** Enough for the hello of most clients, in bytes. */
const FIRST_READ = 512;
/** Whose clients may wait for the server to speak first. */
const PATIENT: readonly CaptureInput[] = ['handed-over', 'redirected'];

export function listenerFilters({ capture, inspection, protocolDetectionMs = 0 }: ListenerInput) {
  const { tlsBut, httpBut } = inspection;
  const first = create(TlsInspectorSchema, { initialReadBufferSize: FIRST_READ });
  const filters = [
    ...(capture === 'redirected' ? [listenerFilter('original_dst', OriginalDstSchema, [])] : []),
    ...(tlsBut ? [listenerFilter('tls_inspector', TlsInspectorSchema, tlsBut, first)] : []),
    ...(httpBut ? [listenerFilter('http_inspector', HttpInspectorSchema, httpBut)] : []),
  ];
  return {
    ...(filters.length > 0 && { listenerFilters: filters }),
    ...(PATIENT.includes(capture) && {
      // 0: waits for the first bytes as long as the client does; the default closes after 15 s.
      listenerFiltersTimeout: msToDuration(protocolDetectionMs),
      continueOnListenerFiltersTimeout: true,
    }),
  };
}

function listenerFilter(
  name: string,
  schema: DescMessage,
  butPorts: readonly number[],
  config = create(schema),
): ListenerFilter {
  return create(ListenerFilterSchema, {
    name: `envoy.filters.listener.${name}`,
    configType: { case: 'typedConfig', value: packAny(schema, config) },
    ...(butPorts.length > 0 && { filterDisabled: anyPort(butPorts) }),
  });
}

/** Envoy wants at least two rules in an `or`. */
function anyPort(ports: readonly number[]) {
  const rules = ports.map((port) =>
    create(ListenerFilterChainMatchPredicateSchema, {
      rule: { case: 'destinationPortRange', value: { start: port, end: port + 1 } },
    }),
  );
  if (rules.length === 1) return rules[0]!;
  return create(ListenerFilterChainMatchPredicateSchema, { rule: { case: 'orMatch', value: { rules } } });
}
