// Route configurations from JSON, requests and dice for the tests of this package.
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { registryOf } from '@meltemi/api';
import { RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import { file_envoy_extensions_filters_http_cors_v3_cors } from '@meltemi/api/envoy/extensions/filters/http/cors/v3/cors_pb';
import { file_envoy_extensions_filters_http_fault_v3_fault } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import type { Dice } from '@meltemi/base';
import type { MutableHeaders } from './header-change.ts';
import type { RequestView } from './request-view.ts';
import { type CompileOptions, compileRouteTable, type RouteTable } from './route-table.ts';

const registry = registryOf(
  file_envoy_extensions_filters_http_cors_v3_cors,
  file_envoy_extensions_filters_http_fault_v3_fault,
);

/** Compiles a RouteConfiguration in protobuf's JSON. */
export function tableOf(json: JsonValue, options?: CompileOptions): RouteTable {
  return compileRouteTable(fromJson(RouteConfigurationSchema, json, { registry }), options);
}

/** A table with one virtual host for every host. */
export function routesOf(routes: JsonValue[], virtualHost: { [key: string]: JsonValue } = {}): RouteTable {
  return tableOf({ name: '9080', virtualHosts: [{ name: 'all', domains: ['*'], ...virtualHost, routes }] });
}

/** A GET of a path with headers, changed by the last argument. */
export function get(
  path: string,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
  changes: Partial<RequestView> = {},
): RequestView {
  return {
    method: 'GET',
    authority: 'reviews:9080',
    path,
    scheme: 'http',
    headers: new TestHeaders(headers),
    ...changes,
  };
}

/** Dice that show the given rolls, the last one forever. */
export function rolls(...values: readonly number[]): Dice {
  let next = 0;
  return { roll: () => values[Math.min(next++, values.length - 1)] ?? 0 };
}

/** Dice of which a routing decision gets this number in [0, 2^53). */
export function chanceOf(chance: number): Dice {
  return rolls(Math.floor(chance / 2 ** 32) / 2 ** 21, (chance % 2 ** 32) / 2 ** 32);
}

/** Dice that must not be rolled. */
export const noDice: Dice = {
  roll() {
    throw new Error('a roll that nothing needs');
  },
};

/** Headers as a list of fields. */
export class TestHeaders implements MutableHeaders {
  fields: [name: string, value: string][];

  constructor(fields: Readonly<Record<string, string | readonly string[]>> = {}) {
    this.fields = Object.entries(fields).flatMap(([name, values]) =>
      [values].flat().map((value): [string, string] => [name, value]),
    );
  }

  get(name: string): string | undefined {
    const values = this.getAll(name);
    return values.length > 0 ? values.join(',') : undefined;
  }

  getAll(name: string): readonly string[] {
    return this.fields.flatMap(([field, value]) => (field === name ? [value] : []));
  }

  has(name: string): boolean {
    return this.fields.some(([field]) => field === name);
  }

  set(name: string, value: string): void {
    this.remove(name);
    this.add(name, value);
  }

  add(name: string, value: string): void {
    this.fields.push([name, value]);
  }

  remove(name: string): void {
    this.fields = this.fields.filter(([field]) => field !== name);
  }
}
