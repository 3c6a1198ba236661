import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import { CertificateValidationContextSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import { SPIFFECertValidatorConfigSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config_pb';
import { HttpProtocolOptionsSchema } from '@meltemi/api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import { testAuthority } from './test-certificates.ts';
import { trustBundles } from './trust-bundles.ts';

const [ours, theirs] = [testAuthority(), testAuthority()];
after(() => [ours, theirs].forEach((authority) => authority.close()));

function context(domains: readonly (readonly [string, string])[]) {
  const trustDomains = domains.map(([name, pem]) => ({
    name,
    trustBundle: { specifier: { case: 'inlineString' as const, value: pem } },
  }));
  const typedConfig = packAny(
    SPIFFECertValidatorConfigSchema,
    create(SPIFFECertValidatorConfigSchema, { trustDomains }),
  );
  return create(CertificateValidationContextSchema, { customValidatorConfig: { name: 'spiffe', typedConfig } });
}

const bundles = trustBundles(
  context([
    ['ours.example', ours.root],
    ['theirs.example', theirs.root],
  ]),
)!;
const der = (pem: string) => new X509Certificate(pem).raw;
const uri = (domain: string) => `URI:spiffe://${domain}/ns/a/sa/b`;

test('each authority vouches for its own trust domain, and for no other', () => {
  const judged = [
    [ours, 'ours.example'],
    [theirs, 'theirs.example'],
    [theirs, 'ours.example'],
    [ours, 'theirs.example'],
    [ours, 'strangers.example'],
  ] as const;
  const refusals = judged.map(([authority, domain]) =>
    bundles.refuse(der(authority.issue(uri(domain)).certificate), []),
  );
  assert.deepEqual(refusals, [
    undefined,
    undefined,
    'not of the authority of ours.example',
    'not of the authority of theirs.example',
    'trust domain strangers.example is not trusted',
  ]);
});

test('a certificate without a SPIFFE id is of no domain', () => {
  const { certificate } = ours.issue('DNS:ours.example');
  assert.equal(bundles.refuse(der(certificate), []), 'the certificate has no SPIFFE id');
});

test('the issuers that a peer sends lead to a root only as authorities', () => {
  const leaf = theirs.issue(uri('ours.example')).certificate;
  const workload = ours.issue(uri('ours.example')).certificate;
  const issuers = [workload, theirs.root, ours.root].map((pem) => new X509Certificate(pem));
  for (let from = 0; from < issuers.length; from++)
    assert.equal(bundles.refuse(der(leaf), issuers.slice(from)), 'not of the authority of ours.example');
});

test('a validator that can not be honoured is refused by name', () => {
  const refused = (made: ReturnType<typeof context>, message: string) =>
    assert.throws(() => trustBundles(made), { message });
  refused(context([]), 'the SPIFFE validator names no trust domain');
  refused(context([['ours.example', 'x']]), 'the bundle of ours.example has no certificate');
  const twice = ['ours.example', ours.root] as const;
  refused(context([twice, twice]), 'trust domain ours.example stands twice');
  const typedConfig = packAny(HttpProtocolOptionsSchema, create(HttpProtocolOptionsSchema));
  const other = create(CertificateValidationContextSchema, { customValidatorConfig: { name: 'other', typedConfig } });
  refused(other, `custom_validator_config: ${typedConfig.typeUrl}`);
  assert.equal(trustBundles(create(CertificateValidationContextSchema)), undefined);
});
