// Says all that keeps a proxy from running with a bootstrap, with the lines of its file.
import type { Bootstrap } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { Problem } from '@meltemi/base';
import { type BootstrapInput, placed } from '../read-bootstrap.ts';
import { validateBootstrap } from './validate-bootstrap.ts';

/** For a bootstrap that `readBootstrap` made of the same input. Empty: it can run. */
export function configurationProblems(bootstrap: Bootstrap, input: BootstrapInput): Promise<readonly Problem[]> {
  return placed(validateBootstrap(bootstrap), input);
}
