// Makes certificates for tests with the openssl program: an authority, and leaves with the names that a test wants.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestKeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface TestAuthority {
  readonly root: string;
  /** `names` as openssl writes them: `URI:spiffe://td/ns/a/sa/b,DNS:a.example`; further lines of the extension section. */
  issue(names: string, extensions?: string): TestKeyPair;
  /** PEM of a list with these certificates. */
  revocationList(...revoked: readonly string[]): string;
  close(): void;
}

export function testAuthority(): TestAuthority {
  const directory = mkdtempSync(join(tmpdir(), 'certificates-'));
  const path = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/O=test', '-days', '2');
  return {
    root: readFileSync(path('ca.pem'), 'utf8'),
    issue(names, extensions = 'keyUsage=critical,digitalSignature') {
      writeFileSync(path('leaf.ext'), `${names === '' ? '' : `subjectAltName=${names}\n`}${extensions}\n`);
      openssl('req', ...newKey, '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', '/CN=leaf');
      const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1', '-extfile', 'leaf.ext'];
      openssl('x509', '-req', '-in', 'leaf.csr', '-out', 'leaf.pem', ...signing);
      return { certificate: readFileSync(path('leaf.pem'), 'utf8'), key: readFileSync(path('leaf.key'), 'utf8') };
    },
    revocationList(...revoked) {
      writeFileSync(path('index.txt'), '');
      const settings = ['database=index.txt', 'default_md=sha256', 'private_key=ca.key', 'certificate=ca.pem'];
      writeFileSync(path('ca.cnf'), ['[ca]', 'default_ca=d', '[d]', ...settings, 'default_crl_days=2', ''].join('\n'));
      for (const pem of revoked) {
        writeFileSync(path('revoked.pem'), pem);
        openssl('ca', '-config', 'ca.cnf', '-revoke', 'revoked.pem');
      }
      openssl('ca', '-config', 'ca.cnf', '-gencrl', '-out', 'crl.pem');
      return readFileSync(path('crl.pem'), 'utf8');
    },
    close: () => rmSync(directory, { recursive: true }),
  };
}
