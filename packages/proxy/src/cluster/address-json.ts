// Turns a host's text into the JSON of envoy.config.core.v3.Address.
import { parseSocketAddress } from '@meltemi/base';

/** What is no `ip:port` is a Unix socket. */
export function addressJson(text: string): object {
  const address = parseSocketAddress(text);
  if (!address) return { pipe: { path: text } };
  return { socket_address: { address: address.host, port_value: address.port } };
}
