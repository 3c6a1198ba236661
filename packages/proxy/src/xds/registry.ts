// Names every message that may stand in an `Any` of configuration: protobuf's JSON reads and shows them by this list.
import { registryOf } from '@meltemi/api';
import type { Registry } from '@bufbuild/protobuf';
import {
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_struct,
  file_google_protobuf_wrappers,
} from '@bufbuild/protobuf/wkt';
import { CONNECTION_FILTER_TYPES } from './types/connection-filter-types.ts';
import { CORE_TYPES } from './types/core-types.ts';
import { EXTENSION_TYPES } from './types/extension-types.ts';
import { HTTP_FILTER_TYPES } from './types/http-filter-types.ts';

export const xdsRegistry: Registry = registryOf(
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_struct,
  file_google_protobuf_wrappers,
  ...CORE_TYPES,
  ...CONNECTION_FILTER_TYPES,
  ...HTTP_FILTER_TYPES,
  ...EXTENSION_TYPES,
);
