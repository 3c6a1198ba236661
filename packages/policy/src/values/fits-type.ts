// Whether a value, as a client sent it, is of the type that the manifest declares.
import { isDuration, isTimestamp, type Value } from './value.ts';
import type { ValueType } from './value-type.ts';

export function fitsType(value: Value, type: ValueType): boolean {
  switch (type) {
    case 'INT64':
      return typeof value === 'bigint';
    case 'DOUBLE':
      return typeof value === 'number';
    case 'BOOL':
      return typeof value === 'boolean';
    case 'DURATION':
      return typeof value === 'object' && isDuration(value);
    case 'TIMESTAMP':
      return typeof value === 'object' && isTimestamp(value);
    case 'IP_ADDRESS':
      return value instanceof Uint8Array && (value.length === 4 || value.length === 16);
    case 'STRING_MAP':
      return value instanceof Map;
    default:
      return typeof value === 'string';
  }
}
