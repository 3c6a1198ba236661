// Where `istioctl mixer` reads and writes: Mixer's configuration API, or the mesh's directory, which Mixer follows.
import { seededDice, silentLogger } from '@meltemi/base';
import type { AspectStore } from '@meltemi/policy';

import { openStore } from '../open-store.ts';
import { CommandError, type Terminal } from '../terminal.ts';

/** `rules` of a subject, or a list of a whole scope. */
export type AspectPlace =
  | { readonly kind: 'rules'; readonly scope: string; readonly subject: string }
  | { readonly kind: 'adapters' | 'descriptors'; readonly scope: string };

export interface AspectTarget {
  put(place: AspectPlace, text: string): Promise<void>;
  /** YAML or JSON. */
  get(place: AspectPlace): Promise<string>;
  delete(place: AspectPlace & { readonly kind: 'rules' }): Promise<void>;
  close(): Promise<void>;
}

const CONFIG_NAMESPACE = 'istio-system';
const TIMEOUT_MS = 10_000;

export function apiTarget(address: string): AspectTarget {
  const call = async (method: string, place: AspectPlace, body?: string): Promise<string> => {
    const url = `http://${address}/api/v1/${pathOf(place)}`;
    const options = { method, signal: AbortSignal.timeout(TIMEOUT_MS), ...(body !== undefined && { body }) };
    const response = await fetch(url, options).catch((error: Error) => {
      throw new CommandError(`${address}: ${error.cause instanceof Error ? error.cause.message : error.message}`);
    });
    const { data, status } = (await response.json()) as { data: unknown; status: { message: string } };
    if (!response.ok) throw new CommandError(`${pathOf(place)}: ${status.message}`);
    return JSON.stringify(data);
  };
  return {
    put: async (place, text) => void (await call('PUT', place, text)),
    get: (place) => call('GET', place),
    delete: async (place) => void (await call('DELETE', place)),
    close: () => Promise.resolve(),
  };
}

export async function directoryTarget(directory: string, terminal: Terminal): Promise<AspectTarget> {
  const store = await openStore(directory, terminal);
  const { AspectError, aspectStore } = await import('@meltemi/policy');
  const world = { clock: terminal.clock, dice: seededDice(1), logger: silentLogger };
  const aspects = aspectStore(store, CONFIG_NAMESPACE, world);
  return {
    put: (place, text) =>
      putInto(aspects, place, text).catch((error: unknown) => {
        throw error instanceof AspectError ? new CommandError(`${pathOf(place)}: ${error.message}`) : error;
      }),
    get: async (place) => {
      const text = place.kind === 'rules' ? aspects.rules(place) : aspects.list(place.kind, place.scope);
      if (text === undefined) throw missing(place);
      return text;
    },
    delete: async (place) => {
      if (!(await aspects.deleteRules(place))) throw missing(place);
    },
    close: () => store.close(),
  };
}

function putInto(aspects: AspectStore, place: AspectPlace, text: string): Promise<void> {
  return place.kind === 'rules' ? aspects.putRules(place, text) : aspects.putList(place.kind, place.scope, text);
}

function missing(place: AspectPlace): CommandError {
  return new CommandError(`${pathOf(place)}: it is not there`);
}

function pathOf(place: AspectPlace): string {
  const scope = `scopes/${encodeURIComponent(place.scope)}`;
  return place.kind === 'rules'
    ? `${scope}/subjects/${encodeURIComponent(place.subject)}/rules`
    : `${scope}/${place.kind}`;
}
