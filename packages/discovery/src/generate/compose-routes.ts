// RouteInput → RouteConfiguration as bytes, from virtual hosts that are encoded once for all tables they stand in.
// Field numbers: envoy/config/route/v3/route.proto
import { toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { VirtualHostSchema } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import type { HttpRouteInput, RouteInput, VirtualHostInput } from '../input/route-input.ts';
import { generateRoutes, generateVirtualHost } from './route.ts';

const VIRTUAL_HOSTS = 2;

/** Undefined where patches change the table: they see all of it. */
export function composeRoutes(input: RouteInput): Uint8Array | undefined {
  if (input.patches) return undefined;
  const table = toBinary(RouteConfigurationSchema, generateRoutes({ ...input, virtualHosts: [] }));
  return Buffer.concat([table, ...input.virtualHosts.map((host) => encodedHost(host, input.direction))]);
}

const byHost = new WeakMap<VirtualHostInput, Uint8Array>();
/** By the routes of the host, which tables of several namespaces share, then by all else that it says. */
const byRoutes = new WeakMap<readonly HttpRouteInput[], Map<string, Uint8Array>>();

/** A host is for one direction: the object stands for both. */
function encodedHost(host: VirtualHostInput, direction: RouteInput['direction']): Uint8Array {
  const same = byHost.get(host);
  if (same) return same;
  const forms = byRoutes.get(host.routes) ?? new Map<string, Uint8Array>();
  byRoutes.set(host.routes, forms);
  const key = JSON.stringify([{ ...host, routes: [] }, direction]);
  const field = forms.get(key) ?? encodeHost(host, direction);
  forms.set(key, field);
  byHost.set(host, field);
  return field;
}

function encodeHost(host: VirtualHostInput, direction: RouteInput['direction']): Uint8Array {
  const bytes = toBinary(VirtualHostSchema, generateVirtualHost(host, direction));
  return new BinaryWriter().tag(VIRTUAL_HOSTS, WireType.LengthDelimited).bytes(bytes).finish();
}
