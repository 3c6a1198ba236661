// Turns an input of an access rules' match tree into what reads it from a request or a connection.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/matching/matching_api
import type { TypedExtensionConfig } from '@meltemi/api/xds/core/v3/extension_pb';
import { DecideError } from '../decide-error.ts';
import { headerInput } from '../match-tree/header-input.ts';
import type { MatchInput } from '../match-tree/match-tree.ts';
import type { AccessRequest } from './access-request.ts';
import type { RuleScope } from './request-condition.ts';

const FOLDER = 'envoy.extensions.matching.common_inputs.';

const INPUTS: Readonly<Record<string, MatchInput<AccessRequest>>> = {
  'network.v3.DestinationIPInput': ({ connection }) => connection.local.host,
  'network.v3.DestinationPortInput': ({ connection }) => String(connection.local.port),
  'network.v3.SourceIPInput': ({ connection, request }) => request?.remoteAddress || connection.remote.host,
  'network.v3.SourcePortInput': ({ connection }) => String(connection.remote.port),
  'network.v3.DirectSourceIPInput': ({ connection }) => connection.remote.host,
  'network.v3.ServerNameInput': ({ connection }) => connection.serverName || undefined,
  'ssl.v3.UriSanInput': ({ connection }) => connection.peer?.uris.join(',') || undefined,
  'ssl.v3.DnsSanInput': ({ connection }) => connection.peer?.dns.join(',') || undefined,
  'ssl.v3.SubjectInput': ({ connection }) => connection.peer?.subject || undefined,
};

/** Several names of a certificate are one text, joined by commas. Throws DecideError for an input that is not known. */
export function accessInput(config: TypedExtensionConfig | undefined, scope: RuleScope): MatchInput<AccessRequest> {
  const header = scope === 'request' ? headerInput(config) : undefined;
  if (header) return ({ request }) => request && header(request);
  const type = config?.typedConfig?.typeUrl.replace(/^.*\//, '') ?? '';
  const name = type.startsWith(FOLDER) ? type.slice(FOLDER.length) : '';
  if (Object.hasOwn(INPUTS, name)) return INPUTS[name]!;
  throw new DecideError('UNSUPPORTED', `matcher: input ${config?.name ?? ''}: unknown type ${type}`);
}
