// The store that commands read and write: the mesh's directory of configuration.
import { access } from 'node:fs/promises';

import { silentLogger } from '@meltemi/base';
import { type ConfigStore, DirectoryStore } from '@meltemi/config';

import { CommandError, EXIT, type Terminal } from './terminal.ts';

/** Refuses a directory that is not there: a typing mistake must not become a new store. */
export async function openStore(directory: string, terminal: Terminal): Promise<ConfigStore> {
  try {
    await access(directory);
  } catch (error) {
    const message = `there is no configuration directory ${directory}: is the mesh up? --configDir names another`;
    throw new CommandError(message, EXIT.failed, { cause: error });
  }
  return DirectoryStore.open({
    directories: [directory],
    clock: terminal.clock,
    logger: silentLogger,
    watchFiles: false,
  });
}
