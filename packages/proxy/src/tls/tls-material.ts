// Turns a CommonTlsContext into the keys, roots and SAN matchers of now: inline ones, and secrets that rotate over SDS.
import { createPrivateKey } from 'node:crypto';
import { createSecureContext, rootCertificates } from 'node:tls';
import {
  type CertificateValidationContext,
  CertificateValidationContext_TrustChainVerification as TrustChainVerification,
  type TlsCertificate,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import type { SdsSecretConfig, Secret } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import type { CommonTlsContext } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { type CertificatePins, certificatePins } from './certificate-pins.ts';
import { readDataSource } from './data-source.ts';
import type { SanMatcher } from './peer-certificate.ts';
import { compileSanMatchers } from './san-matcher.ts';
import { type Revocations, revocations } from './revocations.ts';
import { TlsConfigError } from './tls-config-error.ts';
import { refuseCommonFields } from './tls-fields.ts';
import { type TrustBundles, trustBundles } from './trust-bundles.ts';

/** PEM. */
export interface KeyPair {
  readonly certificateChain: string;
  readonly key: string;
}

/** All that a context needs at one moment; immutable, replaced as a whole when a secret rotates. */
export interface TlsMaterial {
  readonly keyPairs: readonly KeyPair[];
  /** PEM; undefined: the peer isn't verified. */
  readonly trustedCa: string | undefined;
  /** PEM; undefined: no certificate is looked up in a list of revoked ones. */
  readonly revoked: string | undefined;
  /** What those lists say, for peers that OpenSSL does not judge. */
  readonly revocations: Revocations;
  readonly sanMatchers: readonly SanMatcher[];
  readonly pins: CertificatePins;
  /** Roots by trust domain; undefined: `trustedCa` is for all peers. */
  readonly bundles: TrustBundles | undefined;
  /** A peer whose chain leads to no root is let in all the same. */
  readonly acceptsUntrusted: boolean;
  /** Changes when the roots or the SAN rules change: sessions of another generation must not be resumed. */
  readonly generation: number;
}

/**
 * Subscribes to a secret; `onSecret` answers why it refuses one, or undefined. `onMissing` is called when the source has
 * none, or did not answer in time.
 */
export type WatchSecret = (
  config: SdsSecretConfig,
  onSecret: (secret: Secret) => string | undefined,
  onMissing?: () => void,
) => { close(): void };

export interface TlsMaterialWatch {
  /** Undefined until every secret came: nothing may be sent or accepted before. */
  readonly current: TlsMaterial | undefined;
  close(): void;
}

/**
 * Calls `onChange` when the material is whole for the first time and at every rotation, and `onMissing` when it is not whole
 * and no secret is waited for. Throws TlsConfigError.
 */
export function watchTlsMaterial(
  common: CommonTlsContext | undefined,
  watchSecret: WatchSecret,
  onChange: (material: TlsMaterial) => void,
  onMissing: () => void,
): TlsMaterialWatch {
  return new MaterialStore(common, watchSecret, onChange, onMissing);
}

class MaterialStore implements TlsMaterialWatch {
  readonly #onChange: (material: TlsMaterial) => void;
  readonly #onMissing: () => void;
  /** Those of which nothing was heard yet. */
  readonly #awaited = new Set<SdsSecretConfig>();
  readonly #watches: { close(): void }[] = [];
  readonly #keyPairs: (KeyPair | undefined)[] = [];
  readonly #base: CertificateValidationContext | undefined;
  #dynamic: CertificateValidationContext | undefined;
  #awaitsValidation = false;
  /** False while the constructor subscribes: a secret that is cached already comes within the call. */
  #started = false;
  #generation = 0;
  current: TlsMaterial | undefined;

  constructor(
    common: CommonTlsContext | undefined,
    watchSecret: WatchSecret,
    onChange: (material: TlsMaterial) => void,
    onMissing: () => void,
  ) {
    this.#onChange = onChange;
    this.#onMissing = onMissing;
    const validation = validationOf(common);
    this.#base = validation.context;
    compileSanMatchers(this.#base);
    trustBundles(this.#base);
    refuseCommonFields(common, this.#base);
    for (const certificate of common?.tlsCertificates ?? []) this.#keyPairs.push(keyPairOf(certificate));
    for (const config of common?.tlsCertificateSdsSecretConfigs ?? []) this.#watchKeyPair(config, watchSecret);
    if (validation.sds) this.#watchValidation(validation.sds, watchSecret);
    this.#started = true;
    this.#refresh();
    this.#tellMissing();
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
  }

  #watchKeyPair(config: SdsSecretConfig, watchSecret: WatchSecret): void {
    const slot = this.#keyPairs.push(undefined) - 1;
    const take = (secret: Secret) => {
      if (secret.type.case !== 'tlsCertificate') throw new TlsConfigError('BAD_SECRET', 'it is no certificate');
      this.#keyPairs[slot] = keyPairOf(secret.type.value);
    };
    this.#watch(config, watchSecret, take);
  }

  #watchValidation(config: SdsSecretConfig, watchSecret: WatchSecret): void {
    this.#awaitsValidation = true;
    const take = (secret: Secret) => {
      if (secret.type.case !== 'validationContext') throw new TlsConfigError('BAD_SECRET', 'it has no roots');
      compileSanMatchers(secret.type.value);
      trustBundles(secret.type.value);
      refuseCommonFields(undefined, secret.type.value);
      checkRoots(secret.type.value);
      this.#dynamic = secret.type.value;
      this.#generation++;
      this.#awaitsValidation = false;
    };
    this.#watch(config, watchSecret, take);
  }

  #watch(config: SdsSecretConfig, watchSecret: WatchSecret, take: (secret: Secret) => void): void {
    this.#awaited.add(config);
    const onSecret = (secret: Secret) => this.#accept(config, () => take(secret));
    this.#watches.push(watchSecret(config, onSecret, () => this.#settle(config)));
  }

  /** A secret that can't be used is refused by name, never by its content; the last good one stays. */
  #accept(config: SdsSecretConfig, take: () => void): string | undefined {
    try {
      take();
    } catch (error) {
      this.#settle(config);
      return `secret ${config.name}: ${error instanceof TlsConfigError ? error.message : 'it could not be read'}`;
    }
    this.#refresh();
    this.#settle(config);
    return undefined;
  }

  /** Something was heard of the secret. */
  #settle(config: SdsSecretConfig): void {
    this.#awaited.delete(config);
    this.#tellMissing();
  }

  #tellMissing(): void {
    if (this.#started && !this.current && this.#awaited.size === 0) this.#onMissing();
  }

  #refresh(): void {
    if (!this.#started || this.#awaitsValidation || this.#keyPairs.includes(undefined)) return;
    const revoked = revokedOf(this.#dynamic) ?? revokedOf(this.#base);
    const bundles = trustBundles(this.#dynamic) ?? trustBundles(this.#base);
    this.current = {
      keyPairs: this.#keyPairs as KeyPair[],
      trustedCa: bundles?.roots ?? rootsOf(this.#dynamic) ?? rootsOf(this.#base),
      bundles,
      revoked,
      revocations: revocations(revoked),
      sanMatchers: [...compileSanMatchers(this.#base), ...compileSanMatchers(this.#dynamic)],
      pins: certificatePins([this.#base, this.#dynamic]),
      acceptsUntrusted: [this.#base, this.#dynamic].some(acceptsUntrusted),
      generation: this.#generation,
    };
    this.#onChange(this.current);
  }
}

function validationOf(common: CommonTlsContext | undefined): {
  readonly context?: CertificateValidationContext | undefined;
  readonly sds?: SdsSecretConfig | undefined;
} {
  const type = common?.validationContextType;
  switch (type?.case) {
    case undefined:
      return {};
    case 'validationContext':
      checkRoots(type.value);
      return { context: type.value };
    case 'validationContextSdsSecretConfig':
      return { sds: type.value };
    case 'combinedValidationContext':
      return { context: type.value.defaultValidationContext, sds: type.value.validationContextSdsSecretConfig };
    default:
      throw new TlsConfigError('UNSUPPORTED_TLS_FIELD', `${type?.case} is not supported`);
  }
}

function keyPairOf(certificate: TlsCertificate): KeyPair {
  const pair = {
    certificateChain: readDataSource(certificate.certificateChain) ?? '',
    key: privateKeyOf(certificate),
  };
  try {
    createSecureContext({ cert: pair.certificateChain, key: pair.key });
  } catch {
    // The cause may quote key material.
    throw new TlsConfigError('BAD_CERTIFICATE', 'certificate and key do not fit together or are malformed');
  }
  return pair;
}

/** Decrypted where it has a password. */
function privateKeyOf({ privateKey, password }: TlsCertificate): string {
  const key = readDataSource(privateKey) ?? '';
  const passphrase = readDataSource(password);
  if (passphrase === undefined) return key;
  try {
    return createPrivateKey({ key, passphrase }).export({ type: 'pkcs8', format: 'pem' });
  } catch {
    throw new TlsConfigError('BAD_CERTIFICATE', 'the private key can not be read with its password');
  }
}

function rootsOf(context: CertificateValidationContext | undefined): string | undefined {
  return context?.systemRootCerts ? rootCertificates.join('\n') : readDataSource(context?.trustedCa);
}

function revokedOf(context: CertificateValidationContext | undefined): string | undefined {
  return readDataSource(context?.crl);
}

function acceptsUntrusted(context: CertificateValidationContext | undefined): boolean {
  return context?.trustChainVerification === TrustChainVerification.ACCEPT_UNTRUSTED;
}

function checkRoots(context: CertificateValidationContext): void {
  const roots = rootsOf(context);
  if (roots === undefined) return;
  if (!roots.includes('-----BEGIN CERTIFICATE-----')) throw new TlsConfigError('BAD_CERTIFICATE', 'roots are no PEM');
  const crl = revokedOf(context);
  try {
    createSecureContext({ ca: roots, ...(crl !== undefined && { crl }) });
    revocations(crl);
  } catch (cause) {
    throw new TlsConfigError('BAD_CERTIFICATE', 'roots or revocation list are malformed', cause);
  }
}
