// What every source of endpoints is given, and what it is to its cluster.
import type { Clock, Dice, Logger } from '@meltemi/base';
import type { TextReadouts } from '../../xds/text-readouts.ts';
import type { XdsClients } from '../../xds/xds-clients.ts';
import type { EndpointSet } from './endpoint-set.ts';
import type { AskTtl, ResolveName } from './resolve-name.ts';

export interface EndpointSource {
  close(): void;
}

export interface EndpointSourceOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly xds: Pick<XdsClients, 'forConfigSource'>;
  readonly dice: Dice;
  readonly resolve: ResolveName;
  /** Undefined: nobody says how long an answer holds. */
  readonly askTtl?: AskTtl;
  /** Where the version of what was accepted is shown. */
  readonly readouts?: TextReadouts | undefined;
  /** The state of now: within the call that makes the source, or later; again at each change. */
  readonly onEndpoints: (endpoints: EndpointSet) => void;
  /** The server has no such endpoints. */
  readonly onMissing: () => void;
  /** An answer that can't be used, or none. What was there stays. */
  readonly onFailure: () => void;
}
