// The operators that look values up in metadata and in the filter state.
import type { JsonValue } from '@bufbuild/protobuf';
import { AccessLogError } from '../access-log-error.ts';
import type { AccessLogEntry, MetadataKind } from '../access-log-entry.ts';
import {
  badArgument,
  type CompileOperator,
  JsonText,
  type Operator,
  type OperatorValue,
  StructNumber,
} from './operator.ts';

type Metadata = (entry: AccessLogEntry) => unknown;

const KINDS: Readonly<Record<string, Metadata>> = {
  DYNAMIC: (entry) => entry.metadata,
  CLUSTER: metadataOf('cluster'),
  UPSTREAM_HOST: metadataOf('upstream-host'),
};

/** Requests don't know them. */
const NOT_KEPT = /^(?:ROUTE|VIRTUAL_HOST|LISTENER|LISTENER_FILTER_CHAIN)$/;

export const METADATA_OPERATORS: Readonly<Record<string, CompileOperator>> = {
  DYNAMIC_METADATA: (argument, _context, name) => lookUp(KINDS['DYNAMIC']!, argument ?? '', name),
  CLUSTER_METADATA: (argument, _context, name) => lookUp(KINDS['CLUSTER']!, argument ?? '', name),
  UPSTREAM_METADATA: (argument, _context, name) => lookUp(KINDS['UPSTREAM_HOST']!, argument ?? '', name),
  METADATA: compileMetadata,
  FILTER_STATE: compileFilterState,
};

function metadataOf(kind: MetadataKind): Metadata {
  return (entry) => entry.metadataOf?.(kind);
}

/** `TYPE:NAMESPACE:KEY…` */
function compileMetadata(argument: string | undefined, _context: unknown, name: string): Operator {
  const [type = ''] = (argument ?? '').split(':');
  const metadata = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (NOT_KEPT.test(type)) {
    throw new AccessLogError('UNSUPPORTED_OPERATOR', `access log operator %${name}(${type})% is not supported`);
  }
  if (!metadata) throw badArgument(name, `"${type}" is no type of metadata`);
  return lookUp(metadata, argument!.slice(type.length + 1), name);
}

/** `NAMESPACE:KEY…` */
function lookUp(metadata: Metadata, path: string, name: string): Operator {
  const keys = path.split(':');
  if (keys.some((key) => key === '')) throw badArgument(name, `"${path}" is not NAMESPACE:KEY`);
  return (entry) => {
    let value = metadata(entry);
    for (const key of keys) value = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    return typeof value === 'number' ? new StructNumber(value) : ((value ?? undefined) as OperatorValue);
  };
}

/** `KEY`, `KEY:PLAIN`, `KEY:TYPED` or `KEY:FIELD:NAME` */
function compileFilterState(argument: string | undefined, _context: unknown, name: string): Operator {
  const [key = '', form = 'TYPED', field, ...more] = (argument ?? '').split(':');
  if (key === '' || more.length > 0 || (field !== undefined) !== (form === 'FIELD')) {
    throw badArgument(name, `"${argument}" is not KEY, KEY:PLAIN, KEY:TYPED or KEY:FIELD:NAME`);
  }
  const value = (entry: AccessLogEntry): unknown => entry.filterState?.get(key);
  switch (form) {
    case 'PLAIN':
      return (entry) => plainText(value(entry));
    case 'TYPED':
      return (entry) => typedValue(value(entry));
    case 'FIELD':
      return (entry) => plainText(fieldOf(value(entry), field!));
    default:
      throw badArgument(name, `"${form}" is no way to write it`);
  }
}

function plainText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function typedValue(value: unknown): OperatorValue {
  return value === undefined || value === null ? undefined : new JsonText(value as JsonValue);
}

function fieldOf(value: unknown, field: string): unknown {
  return isRecord(value) && Object.hasOwn(value, field) ? value[field] : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
