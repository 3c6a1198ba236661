// Turns a DataSource into its text.
import { readFileSync } from 'node:fs';
import type { DataSource } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { TlsConfigError } from './tls-config-error.ts';

/** Undefined when nothing is given. Files are read once, when the configuration is applied. */
export function readDataSource(source: DataSource | undefined): string | undefined {
  const specifier = source?.specifier;
  switch (specifier?.case) {
    case undefined:
      return undefined;
    case 'inlineString':
      return specifier.value;
    case 'inlineBytes':
      return Buffer.from(specifier.value).toString('utf8');
    case 'filename':
      return readPath(specifier.value);
    default:
      throw new TlsConfigError('UNSUPPORTED_TLS_FIELD', `data source "${specifier?.case}" is not supported`);
  }
}

function readPath(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new TlsConfigError('BAD_SECRET', `${path} can't be read`, cause);
  }
}
