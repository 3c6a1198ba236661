// Turns the input of a match tree that names a header of the request into what reads it.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/http_inputs.proto
import { unpackAny } from '@meltemi/api';
import { HttpRequestHeaderMatchInputSchema } from '@meltemi/api/envoy/type/matcher/v3/http_inputs_pb';
import type { TypedExtensionConfig } from '@meltemi/api/xds/core/v3/extension_pb';
import { headerOf, type RequestView } from '../request-view.ts';

/** Several values of a field are one text, joined by commas. Undefined: another kind of input. */
export function headerInput(
  config: TypedExtensionConfig | undefined,
): ((request: RequestView) => string | undefined) | undefined {
  const input = unpackAny(config?.typedConfig, HttpRequestHeaderMatchInputSchema);
  if (!input) return undefined;
  const name = input.headerName.toLowerCase();
  return (request) => headerOf(request, name);
}
