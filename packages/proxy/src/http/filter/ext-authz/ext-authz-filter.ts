// Asks an authorization server of each request whether it may pass, and does to it what the server says.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/ext_authz_filter
import { fromBinary } from '@bufbuild/protobuf';
import { ExtAuthzSchema } from '@meltemi/api/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb';
import type { HttpFilterType } from '../filter-type.ts';
import type { HttpFilter, StreamFilter } from '../http-filter.ts';
import { AuthzGate } from './authz-gate.ts';
import { CheckedRequest } from './checked-request.ts';
import { readRouteCheck } from './route-check.ts';

export const EXT_AUTHZ_FILTER: HttpFilterType = {
  typeName: ExtAuthzSchema.typeName,
  compile: (name, config, parts) => new ExtAuthzFilter(new AuthzGate(name, fromBinary(ExtAuthzSchema, config), parts)),
  readRouteConfig: readRouteCheck,
};

class ExtAuthzFilter implements HttpFilter {
  readonly #gate: AuthzGate;

  constructor(gate: AuthzGate) {
    this.#gate = gate;
  }

  get name(): string {
    return this.#gate.name;
  }

  open(): StreamFilter {
    return new CheckedRequest(this.#gate);
  }

  close(): void {
    this.#gate.close();
  }
}
