// Any host with the same chance; weights do not count, as in Envoy.
import type { Dice } from '@meltemi/base';
import type { BalancedHost, Balancer } from './balanced-host.ts';

export function random<H extends BalancedHost>(hosts: readonly H[], dice: Dice): Balancer<H> {
  return { pick: () => hosts[Math.floor(dice.roll() * hosts.length)] };
}
