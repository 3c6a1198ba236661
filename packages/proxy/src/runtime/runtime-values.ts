// Turns the layers of the bootstrap's runtime into one table of values, the last layer that names a key being right.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/operations/runtime
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { LayeredRuntime } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';

export interface RuntimeValues {
  /** Names, in the order in which they overrule each other. */
  readonly layers: readonly string[];
  readonly entries: ReadonlyMap<string, RuntimeEntry>;
}

export interface RuntimeEntry {
  /** One a layer; empty where a layer says nothing. */
  readonly layerValues: readonly string[];
  readonly finalValue: string;
}

export function runtimeValues(config: LayeredRuntime | undefined): RuntimeValues {
  const layers = config?.layers ?? [];
  const tables = layers.map(({ layerSpecifier }) =>
    layerSpecifier.case === 'staticLayer' ? flatten(layerSpecifier.value, '') : new Map<string, string>(),
  );
  const keys = [...new Set(tables.flatMap((table) => [...table.keys()]))].sort();
  return { layers: layers.map(({ name }) => name), entries: new Map(keys.map((key) => [key, entry(key, tables)])) };
}

function entry(key: string, tables: readonly ReadonlyMap<string, string>[]): RuntimeEntry {
  const layerValues = tables.map((table) => table.get(key) ?? '');
  return { layerValues, finalValue: layerValues.findLast((value) => value !== '') ?? '' };
}

/** A nested object stands for dotted keys, unless it is a fraction. */
function flatten(value: JsonValue, prefix: string): Map<string, string> {
  if (!isObject(value)) return new Map([[prefix, text(value)]]);
  if (prefix !== '' && 'numerator' in value) return new Map([[prefix, fractionText(value)]]);
  const below = Object.entries(value).flatMap(([key, member]) => [
    ...flatten(member, prefix === '' ? key : `${prefix}.${key}`),
  ]);
  return new Map(below);
}

/** As the protobuf's JSON of a FractionalPercent. */
function fractionText(value: JsonObject): string {
  const { numerator, denominator } = value;
  return JSON.stringify({ numerator, ...(denominator !== undefined && { denominator }) });
}

function text(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
