// Parts of Envoy's messages about a request → attributes.
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { Metadata as CallMetadata } from '@grpc/grpc-js';
import type { Address } from '@meltemi/api/envoy/config/core/v3/address_pb';
import type { Metadata } from '@meltemi/api/envoy/config/core/v3/base_pb';
import {
  addForwarded,
  addPrincipal,
  addToken,
  type Attributes,
  type AttributeValue,
  FORWARDED_ATTRIBUTES,
  FORWARDED_NAMESPACE,
  principalOf,
  readForwarded,
  TOKENS_NAMESPACE,
} from '@meltemi/api/mixer';
import { ipBytes } from '@meltemi/base';

export type AttributeMap = Map<string, AttributeValue>;

/** Of the workload whose Envoy calls: the control plane has it say so in each call. */
export function callerAttributes(metadata: CallMetadata): Attributes {
  const [field] = metadata.get(FORWARDED_ATTRIBUTES);
  return readForwarded(typeof field === 'string' ? field : undefined);
}

export interface PeerFacts {
  readonly address: Address | undefined;
  /** Names of its certificate; none where there is no mutual TLS. */
  readonly uris: readonly string[];
  readonly metadata: Metadata | undefined;
}

/** Of a peer without a certificate nothing is believed but its address. */
export function addPeer(attributes: AttributeMap, { address, uris, metadata }: PeerFacts): void {
  const bytes = addressBytes(address);
  if (bytes) attributes.set('source.ip', bytes);
  attributes.set('connection.mtls', uris.length > 0);
  const principal = principalOf(uris);
  if (principal === undefined) return;
  const field = metadata?.filterMetadata[FORWARDED_NAMESPACE]?.[FORWARDED_ATTRIBUTES];
  addForwarded(attributes, readForwarded(typeof field === 'string' ? field : undefined));
  addPrincipal(attributes, principal);
}

/** Of the token that was verified. */
export function addClaims(attributes: AttributeMap, metadata: Metadata | undefined): void {
  const claims = metadata?.filterMetadata[TOKENS_NAMESPACE]?.['payload'];
  if (isObject(claims)) addToken(attributes, claims);
}

function addressBytes(address: Address | undefined): Uint8Array | undefined {
  return address?.address.case === 'socketAddress' ? ipBytes(address.address.value.address) : undefined;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
