// Turns a predicate on where a connection goes into a function: it says when a listener filter is left out.
import type { ListenerFilterChainMatchPredicate } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { ListenerConfigError } from '../listener-config-error.ts';

/** `port`: the connection's destination. */
export type PortPredicate = (port: number) => boolean;

/** Throws ListenerConfigError for an empty rule. */
export function compilePredicate({ rule }: ListenerFilterChainMatchPredicate): PortPredicate {
  switch (rule.case) {
    case 'anyMatch':
      return () => true;
    case 'destinationPortRange': {
      const { start, end } = rule.value;
      return (port) => port >= start && port < end;
    }
    case 'notMatch': {
      const inner = compilePredicate(rule.value);
      return (port) => !inner(port);
    }
    case 'orMatch': {
      const all = rule.value.rules.map(compilePredicate);
      return (port) => all.some((each) => each(port));
    }
    case 'andMatch': {
      const all = rule.value.rules.map(compilePredicate);
      return (port) => all.every((each) => each(port));
    }
    case undefined:
      throw new ListenerConfigError('UNSUPPORTED_FIELD', 'filter_disabled has no rule');
  }
}
