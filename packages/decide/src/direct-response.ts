// Turns a direct response action into a status and a body.
import type { DirectResponseAction } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { DecideError } from './decide-error.ts';

/** Where bodies that are not in the configuration come from; undefined: there is none. Read once, when it is compiled. */
export interface DataReader {
  file(path: string): Uint8Array | undefined;
  environment(name: string): string | undefined;
}

/** Knows nothing outside of the configuration. */
export const NO_DATA: DataReader = { file: () => undefined, environment: () => undefined };

/** An answer that is the same for every request. */
export interface DirectAnswer {
  readonly kind: 'direct';
  readonly status: number;
  readonly body: Uint8Array;
}

/** Throws DecideError; a body has at most `maxBytes`. */
export function compileDirect(action: DirectResponseAction, maxBytes: number, data: DataReader): DirectAnswer {
  if (action.status < 200 || action.status > 599) {
    throw new DecideError('BAD_ACTION', `direct_response: status ${action.status} is not in 200–599`);
  }
  const body = directBody(action, data);
  if (body.length > maxBytes) {
    throw new DecideError('BAD_ACTION', `direct_response: a body of ${body.length} bytes; at most ${maxBytes}`);
  }
  return { kind: 'direct', status: action.status, body };
}

function directBody(action: DirectResponseAction, data: DataReader): Uint8Array {
  const specifier = action.body?.specifier;
  switch (specifier?.case) {
    case 'inlineString':
      return new TextEncoder().encode(specifier.value);
    case 'inlineBytes':
      return specifier.value;
    case 'filename':
      return found(data.file(specifier.value), `file ${specifier.value}`);
    case 'environmentVariable':
      return new TextEncoder().encode(found(data.environment(specifier.value), `variable ${specifier.value}`));
    case undefined:
      return new Uint8Array();
  }
}

function found<Body>(body: Body | undefined, what: string): Body {
  if (body === undefined) throw new DecideError('BAD_ACTION', `direct_response: ${what} can't be read`);
  return body;
}
