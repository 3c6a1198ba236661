// Writes the name table of an agent's DNS.
import { create } from '@bufbuild/protobuf';
import { type NameTable, NameTable_NameInfoSchema, NameTableSchema } from '@meltemi/api/istio/networking/nds/v1/nds_pb';
import type { NameEntry, NameTableInput } from '../input/name-table-input.ts';

export function generateNameTable({ entries }: NameTableInput): NameTable {
  return create(NameTableSchema, { table: Object.fromEntries(entries.map((entry) => [entry.host, nameInfo(entry)])) });
}

function nameInfo({ addresses, registry, name, namespace }: NameEntry) {
  const own = registry === 'Kubernetes' && { shortname: name, namespace };
  return create(NameTable_NameInfoSchema, { ips: [...addresses], registry, ...own });
}
