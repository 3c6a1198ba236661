// Two lists of resources by name → where what a proxy has differs from what it is meant to have.
import type { JsonValue } from '@bufbuild/protobuf';

export interface Difference {
  readonly resource: string;
  /** Inside of the resource: `circuit_breakers.thresholds[0].max_connections`; empty: the whole of it. */
  readonly path: string;
  /** Undefined: it isn't there. */
  readonly proxy: JsonValue | undefined;
  readonly controlPlane: JsonValue | undefined;
}

export function diffResources(
  proxy: ReadonlyMap<string, JsonValue>,
  controlPlane: ReadonlyMap<string, JsonValue>,
): readonly Difference[] {
  const names = [...new Set([...proxy.keys(), ...controlPlane.keys()])].toSorted();
  return names.flatMap((resource) => {
    return diffValues('', proxy.get(resource), controlPlane.get(resource)).map((found) => ({ resource, ...found }));
  });
}

type Found = Omit<Difference, 'resource'>;

function diffValues(path: string, proxy: JsonValue | undefined, controlPlane: JsonValue | undefined): readonly Found[] {
  if (isObject(proxy) && isObject(controlPlane)) {
    const keys = [...new Set([...Object.keys(proxy), ...Object.keys(controlPlane)])].toSorted();
    return keys.flatMap((key) => diffValues(path === '' ? key : `${path}.${key}`, proxy[key], controlPlane[key]));
  }
  if (Array.isArray(proxy) && Array.isArray(controlPlane)) {
    return Array.from({ length: Math.max(proxy.length, controlPlane.length) }).flatMap((_, index) =>
      diffValues(`${path}[${index}]`, proxy[index], controlPlane[index]),
    );
  }
  return proxy === controlPlane ? [] : [{ path, proxy, controlPlane }];
}

function isObject(value: JsonValue | undefined): value is { [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
