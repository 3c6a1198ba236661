// Turns an input of a match tree into a function on what is known of a connection.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/matching/matching_api
import type { TypedExtensionConfig } from '@meltemi/api/xds/core/v3/extension_pb';
import { type ConnectionFacts, isLocalSource } from '../connection-facts.ts';
import { ListenerConfigError } from '../listener-config-error.ts';
import { typeNameOf } from '../type-name.ts';

/** Undefined: the connection has no such value. */
export type NetworkInput = (facts: ConnectionFacts) => string | undefined;

const INPUTS: Readonly<Record<string, NetworkInput>> = {
  DestinationIPInput: (facts) => facts.destinationIp,
  DestinationPortInput: (facts) => String(facts.destinationPort),
  SourceIPInput: (facts) => facts.sourceIp,
  SourcePortInput: (facts) => String(facts.sourcePort),
  DirectSourceIPInput: (facts) => facts.directSourceIp,
  SourceTypeInput: (facts) => (isLocalSource(facts) ? 'local' : undefined),
  ServerNameInput: (facts) => facts.serverName || undefined,
  TransportProtocolInput: (facts) => facts.transportProtocol || undefined,
  ApplicationProtocolInput: ({ applicationProtocols }) =>
    applicationProtocols.length === 0 ? undefined : `'${applicationProtocols.join("','")}'`,
};

const FOLDER = 'envoy.extensions.matching.common_inputs.network.v3.';

/** Throws ListenerConfigError for an input that is not known. */
export function networkInput(config: TypedExtensionConfig | undefined): NetworkInput {
  const type = typeNameOf(config?.typedConfig);
  const name = type.startsWith(FOLDER) ? type.slice(FOLDER.length) : '';
  if (Object.hasOwn(INPUTS, name)) return INPUTS[name]!;
  throw new ListenerConfigError('UNKNOWN_FILTER', `matcher input ${config?.name ?? ''}: unknown type ${type}`);
}
