// A value → the same value, whose reads are noted.
import type { Depth, Trace } from './trace.ts';

interface Observation {
  readonly target: object;
  readonly trace: Trace;
}

const observations = new WeakMap<object, Observation>();

/** `depth` says which parts are observed in their turn. */
export function observed<Value extends object>(target: Value, trace: Trace, depth: Depth): Value {
  const parts = new Map<string, object>();
  const observer = new Proxy(target, {
    get(_, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof key === 'symbol') {
        trace.noteWhole();
        return typeof value === 'function' ? value.bind(target) : value;
      }
      if (typeof value === 'function') return observedCall(target, key, value as Call, trace);
      const inner = depth[key];
      if (inner && typeof value === 'object' && value !== null) {
        const known = parts.get(key) ?? observed(value, trace.part(key, value), inner);
        parts.set(key, known);
        return known;
      }
      trace.note(key, undefined, value);
      return value;
    },
    has(_, key) {
      trace.noteWhole();
      return Reflect.has(target, key);
    },
    ownKeys() {
      trace.noteWhole();
      return Reflect.ownKeys(target);
    },
    getOwnPropertyDescriptor(_, key) {
      trace.noteWhole();
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
  });
  observations.set(observer, { target, trace });
  return observer;
}

/** What is observed, and where its reads are noted; undefined for a plain value. */
export function observationOf(value: object): Observation | undefined {
  return observations.get(value);
}

type Call = (...args: readonly unknown[]) => unknown;

/** Methods of maps that go through all of it. */
const ITERATES: ReadonlySet<string> = new Set(['entries', 'keys', 'values', 'forEach']);

function observedCall(target: object, key: string, method: Call, trace: Trace): Call {
  return (...args) => {
    if (ITERATES.has(key)) trace.noteWhole();
    const plain = args.map((arg) =>
      typeof arg === 'object' && arg !== null ? (observationOf(arg)?.target ?? arg) : arg,
    );
    const value = method.apply(target, plain);
    if (!ITERATES.has(key)) trace.note(key, plain, value);
    return value;
  };
}
