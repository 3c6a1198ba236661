// What istioctl certs says of a proxy's page, and when it finds something wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateRows, type CertificateJson } from './certificate-row.ts';
import { certificateFindings, certificateTable } from './certs.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2030, 0, 1);
const URI = 'spiffe://cluster.local/ns/default/sa/web';

const certificate = (fromHours: number, toHours: number, serial = '1'): CertificateJson => ({
  serial_number: serial,
  subject_alt_names: [{ uri: URI }],
  valid_from: new Date(NOW + fromHours * HOUR).toISOString(),
  expiration_time: new Date(NOW + toHours * HOUR).toISOString(),
});
const rows = (chain: CertificateJson, root: CertificateJson, withinMs?: number) =>
  certificateRows('web.default', { certificates: [{ cert_chain: [chain], ca_cert: [root] }] }, NOW, withinMs);

test('what is good is listed once, and nothing is found', () => {
  const good = rows(certificate(-10, 14), certificate(-10, 24 * 365, 'a'));
  assert.deepEqual(certificateFindings(good), []);
  assert.deepEqual(certificateTable(good, NOW).slice(1), [
    ['web.default', 'CHAIN', URI, '2029-12-31T14:00:00Z', '2030-01-01T14:00:00Z', '14h', 'OK', '1'],
    ['web.default', 'ROOT', URI, '2029-12-31T14:00:00Z', '2031-01-01T00:00:00Z', '365d', 'OK', 'a'],
  ]);
});

test('what ended, begins later, ends soon or says nothing is found, with its date', () => {
  const found = (chain: CertificateJson, withinMs?: number) =>
    certificateFindings(rows(chain, certificate(-10, 24 * 365), withinMs));
  const of = `web.default: certificate of ${URI}`;
  assert.deepEqual(found(certificate(-24, 0)), [`${of} expired on 2030-01-01T00:00:00Z`]);
  assert.deepEqual(found(certificate(1, 24)), [`${of} is not valid before 2030-01-01T01:00:00Z`]);
  assert.deepEqual(found(certificate(-20, 4)), [`${of} ends on 2030-01-01T04:00:00Z`]);
  assert.deepEqual(found(certificate(-20, 4), 3 * HOUR), []);
  assert.deepEqual(found({}), ['web.default: certificate of (no name) says no dates']);
  assert.deepEqual(certificateFindings(rows(certificate(-1, 24), certificate(-1, 24 * 29, 'ab'))), [
    'web.default: root ab ends on 2030-01-30T00:00:00Z',
  ]);
});
