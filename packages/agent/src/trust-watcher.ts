// Asks the control plane what to trust, as secrets (SDS), and keeps the store at what it says.
import { create } from '@bufbuild/protobuf';
import { type ClientDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import { TYPE_URL, unpackAny } from '@meltemi/api';
import { type Secret, SecretSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import {
  type DiscoveryRequest,
  DiscoveryRequestSchema,
  type DiscoveryResponse,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import type { Clock, Dice, Logger, Timer } from '@meltemi/base';
import { TRUST_SECRET, validatedBundles } from '@meltemi/identity';
import { retryDelay } from './retry-delay.ts';
import type { SecretStore } from './secret-store.ts';

export type TrustStream = ClientDuplexStream<DiscoveryRequest, DiscoveryResponse>;

export interface TrustWatcherOptions {
  readonly openStream: () => Promise<TrustStream>;
  readonly store: SecretStore;
  /** Called with PEM of the roots whose certificates are to be renewed now. */
  readonly onTainted: (roots: string) => void;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
}

/** A control plane that has no such service (istiod) is asked once: what comes with each certificate is what counts then. */
export class TrustWatcher {
  readonly #options: TrustWatcherOptions;
  #stream: TrustStream | undefined;
  #timer: Timer | undefined;
  #failures = 0;
  #closed = false;

  constructor(options: TrustWatcherOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async start(): Promise<void> {
    try {
      const stream = await this.#options.openStream();
      if (this.#closed) return stream.cancel();
      this.#stream = stream;
      stream.on('data', (response: DiscoveryResponse) => this.#take(stream, response));
      stream.once('error', (error: ServiceError) => this.#lost(error));
      // An end without an error is followed by its status; `OK` is no error.
      stream.once('status', ({ code }: { readonly code: number }) => code === 0 && this.#askAgain());
      this.#ask(stream, {});
    } catch (error) {
      this.#lost(error as Error);
    }
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#stream?.cancel();
  }

  #take(stream: TrustStream, response: DiscoveryResponse): void {
    this.#failures = 0;
    try {
      const secrets = response.resources.map((resource) => unpackAny(resource, SecretSchema));
      this.#settle(secrets.filter((secret) => secret !== undefined));
      this.#ask(stream, { versionInfo: response.versionInfo, responseNonce: response.nonce });
    } catch (error) {
      const message = error instanceof Error ? error.message : 'unreadable';
      this.#ask(stream, { responseNonce: response.nonce, errorDetail: { code: 3, message } });
    }
  }

  #settle(secrets: readonly Secret[]): void {
    const { store, onTainted } = this.#options;
    const [trusted, tainted] = [TRUST_SECRET.trusted, TRUST_SECRET.tainted].map((name) => contextOf(secrets, name));
    if (trusted && trusted.roots !== '') store.replaceTrust(trusted);
    if (tainted && tainted.roots !== '') onTainted(tainted.roots);
  }

  #ask(stream: TrustStream, answer: Partial<Pick<DiscoveryRequest, 'versionInfo' | 'responseNonce'>> & Refusal): void {
    const resourceNames = Object.values(TRUST_SECRET);
    stream.write(create(DiscoveryRequestSchema, { typeUrl: TYPE_URL.SDS, resourceNames, ...answer }));
  }

  #lost(error: Error | ServiceError): void {
    if (this.#closed || ('code' in error && error.code === status.UNIMPLEMENTED)) return;
    this.#options.logger.named('certificate').warn(`not told what to trust: ${error.message}`);
    this.#askAgain();
  }

  #askAgain(): void {
    if (this.#closed) return;
    const { clock, dice } = this.#options;
    this.#timer = clock.after(retryDelay(this.#failures++, dice), () => void this.start());
  }
}

interface Refusal {
  readonly errorDetail?: { readonly code: number; readonly message: string };
}

function contextOf(secrets: readonly Secret[], name: string) {
  const type = secrets.find((secret) => secret.name === name)?.type;
  if (type?.case !== 'validationContext') return undefined;
  return {
    roots: textOf(type.value.trustedCa),
    revocationLists: textOf(type.value.crl),
    bundles: validatedBundles(type.value),
  };
}

function textOf(
  source: { readonly specifier: { readonly case?: string; readonly value?: unknown } } | undefined,
): string {
  const value = source?.specifier.case === 'inlineBytes' ? source.specifier.value : undefined;
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : '';
}
