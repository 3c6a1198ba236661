// ListenerInput → Listener as bytes, from filter chains that are encoded once for all listeners that have the same.
// Field numbers: envoy/config/listener/v3/listener.proto
import { hash } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { FilterChainSchema } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import type { ChainInput, ListenerInput } from '../input/listener-input.ts';
import { filterChain, listenerFields } from './listener.ts';

const FILTER_CHAINS = 3;
const DEFAULT_FILTER_CHAIN = 25;
/** Workloads of one kind have the same chains, and there are few kinds of ports. */
const MAX_KNOWN = 1024;

/** Undefined where patches change the listener: they see all of it. */
export function composeListener(input: ListenerInput): Uint8Array | undefined {
  if (input.patches) return undefined;
  // What a chain is made of beside itself: all that the listener says, but for its chains.
  const { chains, otherwise, ...said } = input;
  const rest = JSON.stringify(said);
  return Buffer.concat([
    toBinary(ListenerSchema, create(ListenerSchema, listenerFields(input))),
    ...chains.map((chain) => encodedChain(FILTER_CHAINS, { input, chain, rest })),
    ...(otherwise ? [encodedChain(DEFAULT_FILTER_CHAIN, { input, chain: otherwise, rest })] : []),
  ]);
}

const known = new Map<string, Uint8Array>();

function encodedChain(
  field: number,
  { input, chain, rest }: { readonly input: ListenerInput; readonly chain: ChainInput; readonly rest: string },
): Uint8Array {
  const key = hash('sha256', `${field} ${rest} ${JSON.stringify(chain)}`, 'base64');
  const bytes = known.get(key) ?? encodeChain(field, input, chain);
  // The one that was asked for last is the last to go.
  known.delete(key);
  known.set(key, bytes);
  if (known.size > MAX_KNOWN) known.delete(known.keys().next().value!);
  return bytes;
}

function encodeChain(field: number, input: ListenerInput, chain: ChainInput): Uint8Array {
  const alone = { ...input, chains: [], otherwise: undefined };
  const bytes = toBinary(FilterChainSchema, create(FilterChainSchema, filterChain(alone, chain)));
  return new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(bytes).finish();
}
