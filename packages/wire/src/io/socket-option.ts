// Reads and sets options of a socket that Node has no call for: a descriptor, level and name ↔ the option's bytes.
import { createRequire } from 'node:module';
import { SocketOptionError } from './socket-option-error.ts';

interface SocketCalls {
  /** Bytes read, or a negated errno. */
  get(descriptor: number, level: number, name: number, value: Uint8Array): number;
  /** 0, or a negated errno. */
  set(descriptor: number, level: number, name: number, value: Uint8Array): number;
}

/** Koffi calls the C library; it takes 8 ms and 8 MB, so it is loaded when the first option is asked for. */
interface Koffi {
  load(path: null): { func(prototype: string): (...values: readonly unknown[]) => number };
  errno(): number;
}

let calls: SocketCalls | undefined;

/** Throws SocketOptionError where options can't be reached: to be asked before something relies on them. */
export function loadSocketOptions(): void {
  calls ??= loadCalls();
}

/** How many bytes of `value` the kernel filled; undefined: the socket has no such option. Throws SocketOptionError. */
export function readSocketOption(
  descriptor: number,
  level: number,
  name: number,
  value: Uint8Array,
): number | undefined {
  const count = (calls ??= loadCalls()).get(descriptor, level, name, value);
  return count < 0 ? undefined : count;
}

/** Throws SocketOptionError where the kernel refuses. */
export function writeSocketOption(descriptor: number, level: number, name: number, value: Uint8Array): void {
  const status = (calls ??= loadCalls()).set(descriptor, level, name, value);
  if (status < 0) throw new SocketOptionError('REFUSED', `socket option ${level}/${name}: errno ${-status}`);
}

function loadCalls(): SocketCalls {
  if (process.platform !== 'linux')
    throw new SocketOptionError('UNAVAILABLE', `socket options of ${process.platform} are not known`);
  try {
    return callsOf(createRequire(import.meta.url)('koffi') as Koffi);
  } catch (cause) {
    throw new SocketOptionError('UNAVAILABLE', 'the C library can not be called: package koffi did not load', cause);
  }
}

function callsOf(koffi: Koffi): SocketCalls {
  const library = koffi.load(null);
  const read = library.func('int getsockopt(int descriptor, int level, int name, void *value, void *size)');
  const write = library.func('int setsockopt(int descriptor, int level, int name, void *value, uint32_t size)');
  const size = new Uint32Array(1);
  return {
    get(descriptor, level, name, value) {
      size[0] = value.length;
      return read(descriptor, level, name, value, size) === 0 ? size[0] : -koffi.errno();
    },
    set: (descriptor, level, name, value) =>
      write(descriptor, level, name, value, value.length) === 0 ? 0 : -koffi.errno(),
  };
}
