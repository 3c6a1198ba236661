// Turns a direct response action into a status and a body.
import type { DirectResponseAction } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { DecideError } from './decide-error.ts';

/** An answer that is the same for every request. */
export interface DirectAnswer {
  readonly kind: 'direct';
  readonly status: number;
  readonly body: Uint8Array;
}

/** Throws DecideError; a body has at most `maxBytes`. */
export function compileDirect(action: DirectResponseAction, maxBytes: number): DirectAnswer {
  if (action.status < 200 || action.status > 599) {
    throw new DecideError('BAD_ACTION', `direct_response: status ${action.status} is not in 200–599`);
  }
  const body = directBody(action);
  if (body.length > maxBytes) {
    throw new DecideError('BAD_ACTION', `direct_response: a body of ${body.length} bytes; at most ${maxBytes}`);
  }
  return { kind: 'direct', status: action.status, body };
}

function directBody(action: DirectResponseAction): Uint8Array {
  const specifier = action.body?.specifier;
  switch (specifier?.case) {
    case 'inlineString':
      return new TextEncoder().encode(specifier.value);
    case 'inlineBytes':
      return specifier.value;
    case 'filename':
    case 'environmentVariable':
      throw new DecideError('UNSUPPORTED', `direct_response: a body from ${specifier.case}`);
    case undefined:
      return new Uint8Array();
  }
}
