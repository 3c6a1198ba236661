// Listeners + the patches that hold for a proxy → the listeners that are left, each with its patches, and those that are added.
import type { ApplyTo, PatchContext } from '@meltemi/config';
import type { ChainInput, ListenerInput } from '../listener-input.ts';
import { addedTo, type EnvoyPatch } from './envoy-patch.ts';
import type { AddedInput, PatchInput } from './patch-input.ts';
import { patchedRoutes } from './patched-routes.ts';

const OF_LISTENERS: ReadonlySet<ApplyTo> = new Set([
  'LISTENER',
  'LISTENER_FILTER',
  'FILTER_CHAIN',
  'NETWORK_FILTER',
  'HTTP_FILTER',
]);

/** One of these stands for many ports: a port in a match means that of a chain. */
const VIRTUAL = ['virtualInbound', 'virtualOutbound'];

const CONTEXT: Readonly<Record<ListenerInput['direction'], PatchContext>> = {
  inbound: 'SIDECAR_INBOUND',
  outbound: 'SIDECAR_OUTBOUND',
  gateway: 'GATEWAY',
};

export function patchedListeners(
  inputs: readonly ListenerInput[],
  patches: readonly EnvoyPatch[],
): readonly ListenerInput[] {
  if (patches.length === 0) return inputs;
  return inputs.flatMap((input) => {
    const own = patches.filter((patch) => isFor(patch, input)).map((patch) => patch.input);
    if (own.some(({ applyTo, operation }) => applyTo === 'LISTENER' && operation === 'REMOVE')) return [];
    return [{ ...withPatchedRoutes(input, patches), ...(own.length > 0 && { patches: own }) }];
  });
}

/** Values of ADD are whole listeners, not patched any further. */
export function addedListeners(patches: readonly EnvoyPatch[], kind: 'sidecar' | 'router'): readonly AddedInput[] {
  return addedTo(patches, 'LISTENER', kind === 'router' ? ['GATEWAY'] : ['SIDECAR_INBOUND', 'SIDECAR_OUTBOUND']);
}

function isFor({ context, input: patch }: EnvoyPatch, listener: ListenerInput): boolean {
  if (!OF_LISTENERS.has(patch.applyTo)) return false;
  if (patch.applyTo === 'LISTENER' && !/^(?:MERGE|REMOVE)/.test(patch.operation)) return false;
  return (context === 'ANY' || context === CONTEXT[listener.direction]) && matches(patch, listener);
}

function matches({ applyTo, listener: match }: PatchInput, listener: ListenerInput): boolean {
  if (!match) return true;
  if (match.name && match.name !== listener.name) return false;
  if (applyTo !== 'LISTENER' && VIRTUAL.includes(listener.name)) return true;
  return !match.portNumber || match.portNumber === portOf(listener);
}

/** The port that the listener stands for, which is in its name; it may open another. */
function portOf({ name, address }: ListenerInput): number {
  const named = /^(?:in|out)bound\|(\d+)\||_(\d+)$/.exec(name);
  return named ? Number(named[1] ?? named[2]) : address.port;
}

function withPatchedRoutes(input: ListenerInput, patches: readonly EnvoyPatch[]): ListenerInput {
  const chain = (each: ChainInput): ChainInput => {
    if (each.traffic.kind !== 'inline-routes') return each;
    const [routes] = patchedRoutes([each.traffic.routes], patches, { context: CONTEXT[input.direction] });
    return { ...each, traffic: { kind: 'inline-routes', routes: routes! } };
  };
  return { ...input, chains: input.chains.map(chain), otherwise: input.otherwise && chain(input.otherwise) };
}
