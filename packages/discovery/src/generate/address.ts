// A host and port as xDS writes them.
import { create } from '@bufbuild/protobuf';
import { type Address, AddressSchema } from '@meltemi/api/envoy/config/core/v3/address_pb';
import type { SocketAddress } from '@meltemi/base';

export function address({ host, port }: SocketAddress): Address {
  return create(AddressSchema, {
    address: { case: 'socketAddress', value: { address: host, portSpecifier: { case: 'portValue', value: port } } },
  });
}
