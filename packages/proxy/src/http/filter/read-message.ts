// Reads the message that a route gives a filter.
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { unpackAny } from '@meltemi/api';
import { FilterConfigError } from '../http-config-error.ts';

/** Throws FilterConfigError for another message. */
export function readMessage<Desc extends DescMessage>(config: Any, schema: Desc): MessageShape<Desc> {
  const message = unpackAny(config, schema);
  if (!message) throw new FilterConfigError('BAD_FILTER', `${config.typeUrl} where ${schema.typeName} belongs`);
  return message;
}
