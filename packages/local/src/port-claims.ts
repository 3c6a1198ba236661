// Hands out free TCP ports on loopback to several meshes on one machine without two getting the same.
import { linkSync, mkdirSync, readFileSync, readdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { formatSocketAddress, type SocketAddress } from '@meltemi/base';
import { isAlive } from './process-identity.ts';

/** Below the range from which Linux takes ports for outgoing connections (32768 and up). */
const FIRST_PORT = 20_000;
const LAST_PORT = 31_000;

/** No port is free, or the one asked for is taken. */
export class PortError extends Error {
  readonly code = 'PORT_TAKEN';
  readonly address: SocketAddress;

  constructor(address: SocketAddress, message: string) {
    super(message);
    this.name = 'PortError';
    this.address = address;
  }
}

/**
 * Ports claimed by this process: a file for each in a directory shared by all meshes of the machine, holding the
 * claimant's pid. A claim whose process is gone is void.
 */
export class PortClaims {
  readonly #directory: string;
  /** A file with this process' pid. A claim is a link to it, so that no claim is ever seen without its pid. */
  readonly #mark: string;
  readonly #mine = new Set<number>();
  #next: number;

  constructor(directory: string, pid: number, seed: number) {
    mkdirSync(directory, { recursive: true, mode: 0o777 });
    this.#directory = directory;
    this.#mark = join(directory, `.${pid}-${seed}`);
    writeFileSync(this.#mark, String(pid));
    sweepClaims(directory);
    this.#next = FIRST_PORT + (seed % (LAST_PORT - FIRST_PORT));
  }

  /** Claims exactly this address; throws `PortError` when something listens there or another mesh has claimed it. */
  async exactly(address: SocketAddress): Promise<SocketAddress> {
    if (this.#claim(address.port)) {
      if (await bindable(address)) return address;
      this.#release(address.port);
    }
    throw new PortError(address, `address ${formatSocketAddress(address)} is already in use`);
  }

  /** Claims the preferred address, or any free port on the same host. */
  async preferably(address: SocketAddress): Promise<SocketAddress> {
    try {
      return await this.exactly(address);
    } catch (error) {
      if (error instanceof PortError) return this.any(address.host);
      throw error;
    }
  }

  /** Claims any free port on the host. */
  async any(host = '127.0.0.1'): Promise<SocketAddress> {
    for (let tries = FIRST_PORT; tries <= LAST_PORT; tries++) {
      const port = this.#next++;
      if (this.#next > LAST_PORT) this.#next = FIRST_PORT;
      if (!this.#claim(port)) continue;
      if (await bindable({ host, port })) return { host, port };
      this.#release(port);
    }
    throw new PortError({ host, port: 0 }, `no free port on ${host} between ${FIRST_PORT} and ${LAST_PORT}`);
  }

  /** Gives ports back; all of them when none is named. */
  release(ports: Iterable<number> = [...this.#mine]): void {
    for (const port of ports) this.#release(port);
  }

  /** Gives everything back. */
  close(): void {
    this.release();
    removeFile(this.#mark);
  }

  #claim(port: number): boolean {
    if (this.#mine.has(port)) return false;
    const file = this.#file(port);
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        linkSync(this.#mark, file);
        this.#mine.add(port);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || holds(file)) return false;
        removeFile(file);
      }
    }
    return false;
  }

  #release(port: number): void {
    if (this.#mine.delete(port)) removeFile(this.#file(port));
  }

  #file(port: number): string {
    return join(this.#directory, String(port));
  }
}

/** Removes what processes that are gone have left. */
function sweepClaims(directory: string): void {
  for (const name of readdirSync(directory)) if (!holds(join(directory, name))) removeFile(join(directory, name));
}

function holds(file: string): boolean {
  try {
    return isAlive(Number(readFileSync(file, 'utf8')));
  } catch {
    return false;
  }
}

function removeFile(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function bindable(address: SocketAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ host: address.host, port: address.port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
