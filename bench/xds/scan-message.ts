// Reads the few fields of discovery messages that a lean client needs, without decoding the rest.
import { hash } from 'node:crypto';
import { fromBinary } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { unpackAny } from '@meltemi/api';
import { ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { HttpConnectionManagerSchema } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';

/** A resource in a response: its name, and what of the next type it names. */
export interface SeenResource {
  readonly name: string;
  readonly uses: readonly string[];
}

export interface SeenResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly version: string;
  readonly resources: readonly SeenResource[];
  readonly removed: readonly string[];
}

type Visit = (field: number, from: number, to: number) => void;

/** Field numbers of DiscoveryResponse and DeltaDiscoveryResponse: envoy/service/discovery/v3/discovery.proto. */
export function scanResponse(message: Buffer, delta: boolean): SeenResponse {
  const seen = { typeUrl: '', nonce: '', version: '', resources: [] as SeenResource[], removed: [] as string[] };
  const bodies: Buffer[] = [];
  scan(message, 0, message.length, (field, from, to) => {
    if (field === 2) bodies.push(message.subarray(from, to));
    else if (field === 1 && !delta) seen.version = message.toString('utf8', from, to);
    else if (field === 4) seen.typeUrl = message.toString('utf8', from, to);
    else if (field === 5) seen.nonce = message.toString('utf8', from, to);
    else if (field === 6 && delta) seen.removed.push(message.toString('utf8', from, to));
  });
  for (const body of bodies) seen.resources.push(seenResource(delta ? anyOf(body) : body, seen.typeUrl));
  return seen;
}

/** Of `Resource {version 1, resource 2, name 3}`. */
function anyOf(body: Buffer): Buffer {
  let any = body;
  scan(body, 0, body.length, (field, from, to) => {
    if (field === 2) any = body.subarray(from, to);
  });
  return any;
}

/** Many clients get the same bytes: each is understood once. */
const known = new Map<string, SeenResource>();
const names = new Map<string, string>();

function seenResource(any: Buffer, typeUrl: string): SeenResource {
  if (!/\.(Cluster|Listener)$/.test(typeUrl)) return { name: firstName(any), uses: [] };
  const key = hash('sha1', any, 'base64');
  const found = known.get(key);
  if (found) return found;
  const uses = typeUrl.endsWith('.Cluster') ? endpointsOf(any) : routesOf(any);
  const resource = { name: firstName(any), uses };
  known.set(key, resource);
  return resource;
}

/** The first field of the value in an Any is the name, in all four types. One string for each name, however often it comes. */
function firstName(any: Buffer): string {
  let name = '';
  scan(any, 0, any.length, (field, from, to) => {
    if (field !== 2) return;
    scan(any, from, to, (inner, start, end) => {
      if (inner === 1) name ||= any.toString('latin1', start, end);
    });
  });
  const same = names.get(name);
  if (same === undefined) names.set(name, name);
  return same ?? name;
}

function endpointsOf(any: Buffer): readonly string[] {
  const { edsClusterConfig, name } = unpackAny(fromBinary(AnySchema, any), ClusterSchema)!;
  return edsClusterConfig ? [edsClusterConfig.serviceName || name] : [];
}

function routesOf(any: Buffer): readonly string[] {
  const { filterChains, defaultFilterChain } = unpackAny(fromBinary(AnySchema, any), ListenerSchema)!;
  return [...filterChains, ...(defaultFilterChain ? [defaultFilterChain] : [])].flatMap(({ filters }) =>
    filters.flatMap(({ configType }) => {
      const manager =
        configType.case === 'typedConfig' ? unpackAny(configType.value, HttpConnectionManagerSchema) : undefined;
      return manager?.routeSpecifier.case === 'rds' ? [manager.routeSpecifier.value.routeConfigName] : [];
    }),
  );
}

/** Visits the fields that have a length. */
function scan(bytes: Buffer, start: number, end: number, visit: Visit): void {
  let at = start;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < end) {
    const tag = varint();
    const wire = tag & 7;
    if (wire === 0) varint();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else {
      const length = varint();
      visit(tag >>> 3, at, at + length);
      at += length;
    }
  }
}
