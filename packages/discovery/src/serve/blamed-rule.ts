// A resource that a proxy refuses → the user's rule that it was made of, where one alone can be meant.
import { fromBinary, type JsonValue, toJson } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { extensionRegistry } from '@meltemi/api';
import type { ResourceName, Source } from '@meltemi/base';
import { KINDS } from '@meltemi/config';
import type { Suspect } from './quarantine.ts';

export interface Blamed {
  readonly resource: ResourceName;
  /** The part of the rule, when all of it that is new comes from one place. */
  readonly source: Source | undefined;
}

/** A part of a resource that says which rule it comes from. */
interface Part {
  readonly text: string;
  readonly config: string;
  readonly source: string;
}

/** Undefined when no rule made it, or several did. What the proxy already has of it blames nobody. */
export function blamedRule({ fragment, accepted }: Suspect): Blamed | undefined {
  const known = new Set(accepted ? partsOf(accepted.any).map(({ text }) => text) : []);
  const parts = partsOf(fragment.any).filter(({ text }) => !known.has(text));
  const [config, ...others] = new Set(parts.map((part) => part.config));
  const resource = config !== undefined && others.length === 0 ? nameOf(config) : undefined;
  if (!resource) return undefined;
  const [source, ...more] = new Set(parts.map((part) => part.source));
  return { resource, source: more.length === 0 ? placeOf(source ?? '') : undefined };
}

function partsOf(any: Uint8Array): readonly Part[] {
  return partsIn(toJson(AnySchema, fromBinary(AnySchema, any), { registry: extensionRegistry() }));
}

function partsIn(value: JsonValue): Part[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = (Array.isArray(value) ? value : Object.values(value)).flatMap(partsIn);
  if (Array.isArray(value)) return inner;
  const { istio, meltemi } = (value['metadata'] as Annotated | undefined)?.filterMetadata ?? {};
  if (!istio?.config) return inner;
  return [...inner, { text: JSON.stringify(value), config: istio.config, source: meltemi?.source ?? '' }];
}

interface Annotated {
  readonly filterMetadata?: {
    readonly istio?: { readonly config?: string };
    readonly meltemi?: { readonly source?: string };
  };
}

/** `/apis/GROUP/VERSION/namespaces/NS/virtual-service/NAME` */
function nameOf(config: string): ResourceName | undefined {
  const [, namespace, type, name] = /^\/apis\/[^/]+\/[^/]+\/namespaces\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(config) ?? [];
  const kind = KINDS.find((known) => known.type === type)?.kind;
  return kind && namespace && name ? { kind, namespace, name } : undefined;
}

/** `file:line` */
function placeOf(text: string): Source | undefined {
  const [, file, line] = /^(.+):(\d+)$/.exec(text) ?? [];
  return file === undefined ? undefined : { file, line: Number(line), column: 1 };
}
