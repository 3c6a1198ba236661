// Keys and signatures are judged as Wycheproof's vectors say.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { decodeBase64Url } from './base64url.ts';
import { parseJws } from './jws.ts';
import { parseJwt } from './jwt.ts';
import { JWT_STATUS } from './jwt-status.ts';
import { isKeySet, readKeySet, verifySignature } from './key-set.ts';

const MODULE = 'github.com/c2sp/wycheproof@v0.0.0-20260902155932-3fa63dd0344a';
const VECTORS = vectorsFolder();
const skip = VECTORS === undefined ? `the Go module ${MODULE} is not to be had` : false;

interface VectorFile {
  readonly testGroups: readonly {
    readonly comment: string;
    readonly private: JsonObject;
    readonly public?: JsonObject;
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly jws: unknown;
      readonly result: string;
    }[];
  }[];
}

function vectorsFolder(): string | undefined {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as const;
    const json = execFileSync('go', ['mod', 'download', '-json', MODULE], { stdio: [...stdio], timeout: 60_000 });
    return join((JSON.parse(String(json)) as { readonly Dir: string }).Dir, 'testvectors_v1');
  } catch {
    return undefined;
  }
}

function accepts(token: unknown, keys: JsonObject): boolean {
  if (typeof token !== 'string') return false;
  const set = readKeySet(JSON.stringify('keys' in keys ? keys : { keys: [keys] }));
  const jws = parseJws(token);
  if (!isKeySet(set) || 'code' in jws) return false;
  const signature = decodeBase64Url(jws.signatureText);
  return signature !== undefined && verifySignature(jws, signature, set) === JWT_STATUS.ok;
}

function wrongVerdicts(file: string): { readonly wrong: readonly string[]; readonly count: number } {
  const { testGroups } = JSON.parse(readFileSync(join(VECTORS!, file), 'utf8')) as VectorFile;
  const cases = testGroups.flatMap((group) =>
    group.tests.map((each) => ({ ...each, keys: group.public ?? group.private, group: group.comment })),
  );
  const wrong = cases
    .filter(({ jws, keys, result }) => accepts(jws, keys) !== (result === 'valid'))
    .map(({ tcId, group, comment, result }) => `${tcId} ${group} ${comment} ${result}`);
  return { wrong, count: cases.length };
}

/** Where the vectors contradict a standard or one another. */
const OTHER_VERDICTS = [
  // The key says PS256, the token PS384; elsewhere in the file that is to be refused.
  '346 rfc7520 Figure20 valid',
  '350 rfc7520WithKeyOps Figure20 valid',
  // The key's algorithm is ES521, which there is none of.
  '347 rfc7520 Figure27 valid',
  '351 rfc7520WithKeyOps Figure27 valid',
  // Two pairs of one token, once as it should be and once with a `?` in it, have each other's verdicts.
  '367 base64 invalidBase64Padding invalid',
  '370 base64 invalidBase64PaddingInPayload invalid',
  '372 base64 InvalidCharacterInsertedInHeader valid',
  '373 base64 InvalidCharacterInsertedInPayload valid',
];

test('each signature of Wycheproof gets its verdict', { skip }, () => {
  const { wrong, count } = wrongVerdicts('json_web_signature_test.json');
  assert.deepEqual({ wrong: wrong.toSorted(), count }, { wrong: OTHER_VERDICTS.toSorted(), count: 401 });
});

test('each key of Wycheproof gets its verdict', { skip }, () => {
  assert.deepEqual(wrongVerdicts('json_web_key_test.json'), { wrong: [], count: 26 });
});

test('a public key is no secret to sign with, and neither kind of key takes the other’s algorithms', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { alg: _, ...jwk } = { alg: '', ...publicKey.export({ format: 'jwk' }) } as unknown as JsonObject;
  for (const secret of [
    publicKey.export({ type: 'spki', format: 'pem' }),
    Buffer.from(jwk['n'] as string, 'base64url'),
  ]) {
    assert.equal(accepts(signedWithSecret({ alg: 'HS256' }, secret), jwk), false);
  }
  const k = Buffer.alloc(64, 7);
  const oct = { kty: 'oct', k: k.toString('base64url') };
  assert.equal(accepts(signedWithSecret({ alg: 'HS256' }, k), oct), true);
  for (const alg of ['none', 'None', 'RS256', 'hs256', '']) {
    assert.equal(accepts(signedWithSecret({ alg }, k), oct), false, alg);
  }
  assert.equal(accepts(signedWithSecret({ alg: 'HS256', crit: ['exp'] }, k), oct), false);
  assert.equal(accepts(signedWithSecret({ alg: 'HS256', jwk: oct, kid: 'x' }, k), { ...oct, kid: 'y' }), false);
});

test('no text makes the parser throw, and base64url that is read has one spelling', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.json().map((text) => Buffer.from(text).toString('base64url')),
    fc.constant(Buffer.from('{"alg":"RS256"}').toString('base64url')),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 4 }), (pieces) => {
      const parsed = parseJwt(pieces.join('.'));
      assert.equal(typeof parsed, 'object');
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array(), fc.string({ maxLength: 2 }), (bytes, more) => {
      const text = Buffer.from(bytes).toString('base64url');
      assert.deepEqual(decodeBase64Url(text), Buffer.from(bytes));
      const other = text + more;
      const decoded = decodeBase64Url(other);
      if (decoded) assert.equal(decoded.toString('base64url'), other);
    }),
  );
});

test('deep JSON, long tokens and names of the language are read in no time, or refused', () => {
  const part = (text: string) => Buffer.from(text).toString('base64url');
  const head = part('{"alg":"RS256"}');
  const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  assert.deepEqual(parseJwt(`${head}.${part(deep)}.AA`), JWT_STATUS.payloadBadJson);
  assert.deepEqual(parseJwt(`${part(deep)}.${head}.AA`), JWT_STATUS.headerBadJson);
  assert.deepEqual(parseJwt('.'.repeat(1 << 20)), JWT_STATUS.badFormat);
  const odd = parseJwt(`${head}.${part('{"__proto__":{"iss":"x"},"constructor":1}')}.AA`);
  assert.ok(!('code' in odd));
  assert.equal(odd.issuer, '');
});

function signedWithSecret(header: object, secret: string | Buffer): string {
  const signed = [header, { iss: 'x' }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
