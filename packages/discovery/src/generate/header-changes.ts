// HeaderChangesInput → the header operations of routes and weighted clusters.
import { create } from '@bufbuild/protobuf';
import {
  type HeaderValueOption,
  HeaderValueOption_HeaderAppendAction,
  HeaderValueOptionSchema,
} from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { HeaderChangesInput } from '../input/route-input.ts';

export interface HeaderOperations {
  readonly requestHeadersToAdd: HeaderValueOption[];
  readonly requestHeadersToRemove: string[];
  readonly responseHeadersToAdd: HeaderValueOption[];
  readonly responseHeadersToRemove: string[];
}

export function headerOperations(request: HeaderChangesInput, response: HeaderChangesInput): HeaderOperations {
  return {
    requestHeadersToAdd: additions(request),
    requestHeadersToRemove: [...request.remove],
    responseHeadersToAdd: additions(response),
    responseHeadersToRemove: [...response.remove],
  };
}

function additions({ set, add }: HeaderChangesInput): HeaderValueOption[] {
  const { OVERWRITE_IF_EXISTS_OR_ADD, APPEND_IF_EXISTS_OR_ADD } = HeaderValueOption_HeaderAppendAction;
  return [
    ...set.map(([key, value]) => option(key, value, OVERWRITE_IF_EXISTS_OR_ADD)),
    ...add.map(([key, value]) => option(key, value, APPEND_IF_EXISTS_OR_ADD)),
  ];
}

function option(key: string, value: string, appendAction: HeaderValueOption_HeaderAppendAction): HeaderValueOption {
  return create(HeaderValueOptionSchema, { header: { key, value }, appendAction });
}
