// The place of one case: its folder, its free ports, the programs it starts, and their end.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scope } from '@meltemi/base';
import { freePorts } from '../../test/support/free-ports.ts';
import type { Generator } from './load.ts';
import { type Upstream, upstreamConfig } from './nginx-config.ts';
import { LOAD_CPU, type Program, PROXY_CPU, type Running, startProgram } from './program.ts';
import { nginx } from './programs.ts';

export interface LabOptions {
  readonly directory: string;
  /** Whatever is started ends with it. */
  readonly scope: Scope;
  readonly generator: Generator;
  /** Of a window. */
  readonly seconds: number;
}

/** A gRPC message of 64 bytes, not compressed. */
export const GRPC_MESSAGE = Buffer.concat([Buffer.from([0, 0, 0, 0, 64]), Buffer.alloc(64, 'x')]);

export class Lab {
  readonly directory: string;
  readonly generator: Generator;
  readonly seconds: number;
  readonly #scope: Scope;
  readonly #given = new Set<number>();

  constructor({ directory, scope, generator, seconds }: LabOptions) {
    this.directory = directory;
    this.generator = generator;
    this.seconds = seconds;
    this.#scope = scope;
  }

  /** A port that was free a moment ago, and was not given out before. */
  async port(): Promise<number> {
    const free = await freePorts(this.#given.size + 1);
    const port = free.find((port) => !this.#given.has(port))!;
    this.#given.add(port);
    return port;
  }

  /** On the proxies' CPU; `config` is told where to listen. */
  async proxy(program: Program, config: (port: number) => string): Promise<Running> {
    const port = await this.port();
    return this.#start(program, config(port), port, PROXY_CPU);
  }

  /** The server behind the proxies, on the load's CPU. */
  async upstream(): Promise<Upstream> {
    await this.file('unary', GRPC_MESSAGE);
    const upstream = { port: await this.port(), grpcPort: await this.port() };
    await this.#start(nginx, upstreamConfig(upstream, this.directory), upstream.port, LOAD_CPU);
    return upstream;
  }

  /** Its path. */
  async file(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(this.directory, name);
    await writeFile(path, content);
    return path;
  }

  async #start(program: Program, config: string, port: number, cpu: number): Promise<Running> {
    const running = await startProgram({ program, config, port, cpu, directory: this.directory });
    this.#scope.defer(() => running.stop());
    return running;
  }
}
