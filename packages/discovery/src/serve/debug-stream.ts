// Requests of Istio's debug types on a stream → one answer each. They concern no proxy, and open no session.
import { create, toBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import {
  DeltaDiscoveryResponseSchema,
  DiscoveryResponseSchema,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import type { Logger } from '@meltemi/base';
import { isLoopback, OPERATOR, type Viewer, viewerFrom } from '../viewer.ts';
import { type AdsCall, type AdsRequest, type Authenticate, authenticated } from './ads-call.ts';
import { StreamRefusal } from './stream-refusal.ts';

/** Where answers come from. */
export interface DebugSource {
  /** Throws StreamRefusal for what the viewer may not see, or nobody can ask. */
  answer(typeUrl: string, names: readonly string[], viewer: Viewer): readonly NamedAny[];
  /** Who answers, as istioctl reads it: JSON of component, id and version. */
  readonly controlPlane: string;
}

export interface NamedAny {
  readonly name: string;
  readonly any: Any;
}

export interface DebugStreamOptions {
  readonly call: AdsCall;
  readonly variant: 'sotw' | 'delta';
  readonly source: DebugSource;
  readonly authenticate: Authenticate | undefined;
  readonly rootNamespace: string;
  readonly logger: Logger;
}

export const DEBUG_TYPE = 'istio.io/debug';

/** What istioctl asks for: pages by their names, or one page by the type itself. */
export function isDebugType(typeUrl: string): boolean {
  return typeUrl === DEBUG_TYPE || typeUrl.startsWith(`${DEBUG_TYPE}/`) || typeUrl === 'istio.io/connections';
}

export class DebugStream {
  readonly #options: DebugStreamOptions;
  readonly #nonces = new Set<string>();
  #viewer: Promise<Viewer> | undefined;

  constructor(options: DebugStreamOptions) {
    this.#options = options;
  }

  /** An answer that comes back acknowledged is not given again. */
  async receive(request: AdsRequest): Promise<void> {
    if (this.#nonces.has(request.responseNonce)) return;
    const { call, source } = this.#options;
    const names =
      request.$typeName === 'envoy.service.discovery.v3.DiscoveryRequest'
        ? request.resourceNames
        : request.resourceNamesSubscribe;
    const viewer = await (this.#viewer ??= this.#whoLooks());
    const resources = source.answer(request.typeUrl, names, viewer);
    const nonce = `debug-${this.#nonces.size + 1}`;
    this.#nonces.add(nonce);
    call.write(this.#encode(request.typeUrl, nonce, resources));
  }

  /** Without authentication only this machine may look. */
  async #whoLooks(): Promise<Viewer> {
    const { call, authenticate, rootNamespace, logger } = this.#options;
    if (authenticate) return viewerFrom((await authenticated(call, authenticate, logger)).namespace, rootNamespace);
    if (isLoopback(call.getPeer())) return OPERATOR;
    throw new StreamRefusal(status.UNAUTHENTICATED, 'authentication required');
  }

  #encode(typeUrl: string, nonce: string, resources: readonly NamedAny[]): Uint8Array {
    const { variant, source } = this.#options;
    const controlPlane = { identifier: source.controlPlane };
    const head = { typeUrl, nonce, controlPlane };
    if (variant === 'sotw') {
      const response = { ...head, versionInfo: nonce, resources: resources.map(({ any }) => any) };
      return toBinary(DiscoveryResponseSchema, create(DiscoveryResponseSchema, response));
    }
    const named = resources.map(({ name, any }) => ({ name, version: nonce, resource: any }));
    const response = { ...head, resources: named };
    return toBinary(DeltaDiscoveryResponseSchema, create(DeltaDiscoveryResponseSchema, response));
  }
}
