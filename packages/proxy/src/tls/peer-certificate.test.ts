import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import {
  CertificateValidationContextSchema,
  SubjectAltNameMatcher_SanType as SanType,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import fc from 'fast-check';
import { certificateNames } from './certificate-names.ts';
import { isSpiffeId, refusePeer, uriSans } from './peer-certificate.ts';
import { compileSanMatchers } from './san-matcher.ts';
import { testAuthority } from './test-certificates.ts';

const authority = testAuthority();
after(() => authority.close());

const der = (names: string, extensions?: string): Buffer =>
  new X509Certificate(authority.issue(names, extensions).certificate).raw;
const good = der('URI:spiffe://cluster.local/ns/default/sa/reviews');
const matchers = (value: string, kind: 'exact' | 'prefix' = 'exact', sanType = SanType.URI) =>
  compileSanMatchers(
    create(CertificateValidationContextSchema, {
      matchTypedSubjectAltNames: [{ sanType, matcher: { matchPattern: { case: kind, value } } }],
    }),
  );

test('names are read from the DER', () => {
  const names = certificateNames(der('URI:spiffe://td/a,DNS:b.example,IP:127.0.0.1,DNS:c.example'));
  assert.deepEqual(names, {
    uris: ['spiffe://td/a'],
    dns: ['b.example', 'c.example'],
    emails: [],
    others: [],
    ips: ['7f000001'],
    isCa: false,
    keyUsage: 0x80,
  });
});

test('a peer is accepted by an exact or prefix matcher, refused by another name', () => {
  assert.equal(refusePeer(good, matchers('spiffe://cluster.local/ns/default/sa/reviews')), undefined);
  assert.equal(refusePeer(good, matchers('spiffe://cluster.local/', 'prefix')), undefined);
  assert.match(refusePeer(good, matchers('spiffe://cluster.local/ns/default/sa/ratings')) ?? '', /no wanted subject/);
  assert.equal(refusePeer(good, []), undefined);
});

test('what claims a SPIFFE id and is no SVID is refused', () => {
  const refused: Record<string, Buffer> = {
    'two URI names': der('URI:spiffe://td/a,URI:spiffe://td/b'),
    'two of which one is another': der('URI:spiffe://td/a,URI:https://x/'),
    'no path': der('URI:spiffe://td'),
    'trailing slash': der('URI:spiffe://td/a/'),
    'dot segments': der('URI:spiffe://td/ns/a/sa/b/../c'),
    'percent encoding': der('URI:spiffe://td/ns/a%2fb'),
    'upper-case trust domain': der('URI:spiffe://TD/a'),
    'a certificate authority': der('URI:spiffe://td/a', 'basicConstraints=critical,CA:TRUE'),
    'may sign certificates': der('URI:spiffe://td/a', 'keyUsage=critical,digitalSignature,keyCertSign'),
  };
  for (const [what, certificate] of Object.entries(refused))
    assert.notEqual(refusePeer(certificate, []), undefined, what);
});

test('a wildcard DNS name covers one label', () => {
  const wildcard = der('DNS:*.example.com');
  assert.equal(refusePeer(wildcard, matchers('a.example.com', 'exact', SanType.DNS)), undefined);
  assert.notEqual(refusePeer(wildcard, matchers('a.b.example.com', 'exact', SanType.DNS)), undefined);
});

test('a NUL in a name refuses the certificate', () => {
  const bytes = Buffer.from(good);
  bytes[bytes.indexOf('/ns/default')] = 0;
  assert.match(refusePeer(bytes, []) ?? '', /illegal byte/);
});

test('changed bytes never crash the reader, and never add a name that is not in them', () => {
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (place, byte, end) => {
      const bytes = Buffer.from(good.subarray(0, end));
      if (place < bytes.length) bytes[place] = byte;
      try {
        for (const uri of uriSans(bytes)) assert.equal(bytes.includes(uri, 0, 'latin1'), true);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'BAD_DER');
      }
    }),
  );
});

test('SPIFFE ids', () => {
  assert.equal(isSpiffeId('spiffe://cluster.local/ns/a.b/sa/c_d-e'), true);
  for (const id of [
    'spiffe://',
    'spiffe:///a',
    'spiffe://td//a',
    'spiffe://td/a?b',
    'spiffe://td:1/a',
    'spiffe://u@td/a',
  ]) {
    assert.equal(isSpiffeId(id), false, id);
  }
});
