// A transport socket + a patch's → one: their settings merged where they are of one kind.
import { clone } from '@bufbuild/protobuf';
import { type TransportSocket, TransportSocketSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { mergedAny } from './merge-message.ts';

export function patchedSocket(before: TransportSocket | undefined, patch: TransportSocket): TransportSocket {
  if (before?.name !== patch.name || before.configType.case !== 'typedConfig') return patch;
  if (patch.configType.case !== 'typedConfig') return before;
  const value = mergedAny(before.configType.value, patch.configType.value);
  return { ...clone(TransportSocketSchema, before), configType: { case: 'typedConfig', value } };
}
