// Makes a mesh's certificates by the openssl program: a root, and a chain and key (P-256) for each workload.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { component } from './programs.ts';

export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface Authority {
  readonly root: string;
  /** `name`: of its files. `uri`: its SPIFFE ID. */
  issue(name: string, uri: string): KeyPair;
}

/** Its files go to the directory. */
export function createAuthority(directory: string): Authority {
  const openssl = (...args: string[]) =>
    execFileSync(component('MELTEMI_OPENSSL'), args, { cwd: directory, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/O=bench', '-days', '2');
  return {
    root: readFileSync(join(directory, 'ca.pem'), 'utf8'),
    issue(name, uri) {
      const extensions = `subjectAltName=critical,URI:${uri}\nkeyUsage=critical,digitalSignature\n`;
      writeFileSync(join(directory, `${name}.ext`), `${extensions}extendedKeyUsage=serverAuth,clientAuth\n`);
      openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', '/');
      const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1'];
      openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signing, '-extfile', `${name}.ext`);
      const [certificateFile, keyFile] = [join(directory, `${name}.pem`), join(directory, `${name}.key`)];
      const [certificate, key] = [readFileSync(certificateFile, 'utf8'), readFileSync(keyFile, 'utf8')];
      return { certificate, key, certificateFile, keyFile };
    },
  };
}
