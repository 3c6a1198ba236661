// The custom tags of a configuration → names and functions from an entry to their values, for spans and for logs.
import {
  type CustomTag,
  type CustomTag_Environment,
  type CustomTag_Metadata,
} from '@meltemi/api/envoy/type/tracing/v3/custom_tag_pb';
import type { AccessLogEntry } from '@meltemi/telemetry';
import type { Environment } from '../environment.ts';
import { TracingConfigError } from './tracing-config-error.ts';

export interface EntryTag {
  readonly name: string;
  /** Undefined: there is none, and no default. */
  readonly value: (entry: AccessLogEntry) => string | undefined;
}

/** The environment is read at once. Throws TracingConfigError. */
export function compileCustomTag({ tag, type }: CustomTag, environment: Environment): EntryTag {
  switch (type.case) {
    case 'literal': {
      const { value } = type.value;
      return { name: tag, value: () => value };
    }
    case 'requestHeader': {
      const header = type.value.name.toLowerCase();
      const otherwise = type.value.defaultValue || undefined;
      return { name: tag, value: (entry) => entry.requestHeaders?.get(header) ?? otherwise };
    }
    case 'metadata':
      return { name: tag, value: metadataValue(tag, type.value) };
    case 'environment': {
      const value = environmentValue(tag, type.value, environment);
      return { name: tag, value: () => value };
    }
    case undefined:
      throw new TracingConfigError('UNSUPPORTED_TAG', `custom tag ${tag}: it has no type`);
  }
}

/** As Envoy: the default stands for a variable that is not there, and no tag for one that is empty. */
function environmentValue(tag: string, config: CustomTag_Environment, environment: Environment): string | undefined {
  if (config.name === '') throw new TracingConfigError('BAD_VALUE', `custom tag ${tag}: environment has no name`);
  return (environment(config.name) ?? config.defaultValue) || undefined;
}

type Metadata = Readonly<Record<string, unknown>> | undefined;

function metadataValue(tag: string, { kind, metadataKey, defaultValue }: CustomTag_Metadata): EntryTag['value'] {
  const metadata = metadataSource(tag, kind);
  const keys = [metadataKey?.key ?? '', ...(metadataKey?.path ?? []).map(({ segment }) => segment.value ?? '')];
  const otherwise = defaultValue || undefined;
  return (entry) => {
    let value: unknown = metadata(entry);
    for (const key of keys) value = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    if (value === undefined || value === null) return otherwise;
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
}

function metadataSource(tag: string, kind: CustomTag_Metadata['kind']): (entry: AccessLogEntry) => Metadata {
  switch (kind?.kind.case) {
    case undefined:
    case 'request':
      return (entry) => entry.metadata;
    case 'cluster':
      return (entry) => entry.metadataOf?.('cluster');
    case 'host':
      return (entry) => entry.metadataOf?.('upstream-host');
    default:
      throw new TracingConfigError('UNSUPPORTED_TAG', `custom tag ${tag}: this kind of metadata is not supported`);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
