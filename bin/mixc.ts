// mixc: evaluates Mixer's expressions from the command line.
import { mixc } from '@meltemi/policy';

const { exitCode, out, error } = mixc(process.argv.slice(2));
process.stdout.write(out);
process.stderr.write(error);
process.exitCode = exitCode;
