// Bytes in bulk through the TCP proxy.
import type { BenchCase } from '../support/bench-case.ts';
import { bootstrap, tcpListener } from '../support/bootstrap.ts';

const GIGABYTE = 1e9;

export const tcp: BenchCase = {
  name: 'tcp',
  title: 'TCP, one connection, half of the bytes each way',
  goal: { unit: 'CPU s/GB', better: 'less', bar: 1.3, aim: 0.8 },
  async prepare(lab) {
    const { generator } = lab;
    const sinks = new Map<string, number>();
    const carry = async (name: string, port: number, bytes: number) => generator.bulk(port, sinks.get(name)!, bytes);
    return {
      async start(program) {
        const sink = await lab.port();
        sinks.set(program.name, sink);
        const config = (port: number) => bootstrap([tcpListener(port, 'upstream')], [{ name: 'upstream', port: sink }]);
        return [await lab.proxy(program, config)];
      },
      // The load fails unless all bytes come out in their order.
      check: async ({ name, members }) => void (await carry(name, members[0]!.port, 1 << 24)),
      warmUp: ({ name, members }) => carry(name, members[0]!.port, GIGABYTE),
      async window({ name, members: [proxy] }) {
        const before = proxy!.cpu();
        const bytes = 2 * GIGABYTE;
        const { seconds } = await carry(name, proxy!.port, bytes);
        return {
          value: (proxy!.cpu() - before) / 1e6 / (bytes / GIGABYTE),
          notes: { 'MB/s': bytes / 1e6 / seconds },
        };
      },
      async floor() {
        const sink = await lab.port();
        const { seconds } = await generator.bulk(sink, sink, 2 * GIGABYTE);
        return { value: seconds / 2, what: 'load generator without a proxy, both its ends' };
      },
    };
  },
};
