// Writes fixed words into the metadata of every request.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/set_metadata_filter
import { fromBinary, type JsonObject } from '@bufbuild/protobuf';
import { type Config, ConfigSchema } from '@meltemi/api/envoy/extensions/filters/http/set_metadata/v3/set_metadata_pb';
import { FilterConfigError } from '../http-config-error.ts';
import type { HttpFilterType } from './filter-type.ts';
import type { FilteredStream, FilterStep, HttpFilter, StreamFilter } from './http-filter.ts';

export const SET_METADATA_FILTER: HttpFilterType = {
  typeName: ConfigSchema.typeName,
  compile: (name, config) => new SetMetadataFilter(name, entriesOf(fromBinary(ConfigSchema, config))),
};

interface MetadataEntry {
  readonly namespace: string;
  readonly value: JsonObject;
  /** What becomes of it where something is there already. */
  readonly otherwise: 'join' | 'replace' | 'leave';
}

function entriesOf(config: Config): readonly MetadataEntry[] {
  const older = config.value
    ? [{ namespace: config.metadataNamespace, value: config.value, otherwise: 'join' as const }]
    : [];
  const entries = config.metadata.map(({ metadataNamespace: namespace, value, typedValue, allowOverwrite }) => {
    if (typedValue) throw new FilterConfigError('UNSUPPORTED_FIELD', 'set_metadata: typed_value is not supported');
    return { namespace, value: value ?? {}, otherwise: allowOverwrite ? ('replace' as const) : ('leave' as const) };
  });
  return [...older, ...entries];
}

class SetMetadataFilter implements HttpFilter, StreamFilter {
  readonly name: string;
  readonly #entries: readonly MetadataEntry[];

  constructor(name: string, entries: readonly MetadataEntry[]) {
    this.name = name;
    this.#entries = entries;
  }

  open(): StreamFilter {
    return this;
  }

  onRequest({ entry }: FilteredStream): FilterStep {
    for (const { namespace, value, otherwise } of this.#entries) {
      const known = entry.metadata?.[namespace];
      if (!known || otherwise === 'replace') entry.setMetadata(namespace, value);
      else if (otherwise === 'join') entry.setMetadata(namespace, merged(known, value));
    }
    return 'next';
  }
}

/** Objects are joined, lists put end to end; of two plain values the newer counts. */
function merged(known: JsonObject, value: JsonObject): JsonObject {
  const result: JsonObject = { ...known };
  for (const [key, next] of Object.entries(value)) {
    const before = result[key];
    if (Array.isArray(before) && Array.isArray(next)) result[key] = [...before, ...next];
    else if (isObject(before) && isObject(next)) result[key] = merged(before, next);
    else result[key] = next;
  }
  return result;
}

function isObject(value: JsonObject[string] | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
