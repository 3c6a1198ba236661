// Words that every package shares.
export { type Clock, ManualClock, systemClock, type Timer } from './clock.ts';
export { type Dice, rollInteger, seededDice, systemDice } from './dice.ts';
export { didYouMean, editDistance } from './did-you-mean.ts';
export { durationToMs, msToDuration, parseDuration } from './duration.ts';
export { formatHash64, type Hash64, murmurHash2, remainder64, xxHash64 } from './hash64.ts';
export { type Host, hostCovers, resolveHost, serviceHost } from './host.ts';
export { canonicalIp, ipBytes, networkKey } from './ip-prefix.ts';
export { type Labels, selects } from './labels.ts';
export { createLogger, type Logger, type LogLevel, type LogSink, silentLogger } from './logger.ts';
export {
  formatProblem,
  formatResourceName,
  hasErrors,
  type Problem,
  type ResourceName,
  type Severity,
} from './problem.ts';
export { Scope } from './scope.ts';
export { formatSocketAddress, parseSocketAddress, type SocketAddress } from './socket-address.ts';
export { formatSource, type Source } from './source.ts';
