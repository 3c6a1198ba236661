// proxy-worker: the script of the workers beside the first one of a proxy; `proxy` starts it in threads.
import { enableCompileCache } from 'node:module';

enableCompileCache();
const { systemClock, systemDice } = await import('@meltemi/base');
const { runWorkerThread, workerStart } = await import('@meltemi/proxy/worker');
const { logWriter } = await import('./support/log-writer.ts');
const { mixerOpener } = await import('./support/open-mixer.ts');

const { logPath } = workerStart().program;
runWorkerThread({
  clock: systemClock(),
  dice: systemDice(),
  writeLog: logWriter(logPath),
  environment: (name) => process.env[name],
  openMixer: mixerOpener(),
});
