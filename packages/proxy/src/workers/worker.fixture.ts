// The script of the workers beside the first in tests: as the program's own, and it can be told to fail.
import { parentPort } from 'node:worker_threads';
import { systemClock, systemDice } from '@meltemi/base';
import type { WorkerCommand } from './messages.ts';
import { runWorkerThread, workerStart } from './worker-thread.ts';

runWorkerThread({ clock: systemClock(), dice: systemDice(), writeLog: () => {} });

if (workerStart().program['fails'] === 'at once') throw new Error('as told');
if (workerStart().program['fails'] === 'when logs are reopened') {
  parentPort!.on('message', (command: WorkerCommand) => {
    if (command.kind === 'reopen-logs') throw new Error('as told');
  });
}
