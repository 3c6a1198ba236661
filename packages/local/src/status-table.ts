// Draws the running mesh as a table for a terminal, in kubectl's style.
import type { MeshStatus } from './mesh-state.ts';

/** Marks a word for the terminal: what is well, and what is not. */
export type Paint = (text: string, mood: 'good' | 'bad') => string;

/** One row a workload: what runs and where, then the ingress and the control plane. A sidecar listens in mutual TLS. */
export function statusTable(status: MeshStatus, paint: Paint = (text) => text): string {
  const workloads = status.workloads.map((workload) => [
    workload.name,
    workload.service || '-',
    workload.version || '-',
    workload.phase,
    workload.address || '-',
    workload.sidecar.inbound || '-',
    workload.sidecar.admin,
    `${workload.pid || '-'}/${workload.sidecar.pid || '-'}`,
  ]);
  const { controlPlane, ingress } = status;
  const furtherPorts = Object.entries(ingress.ports).filter(([port]) => port !== '80');
  const rows = [
    ['WORKLOAD', 'SERVICE', 'VERSION', 'STATE', 'APPLICATION', 'SIDECAR', 'ADMIN', 'PID app/sidecar'],
    ...workloads,
    [
      'istio-ingressgateway',
      '-',
      '-',
      ingress.pid ? 'running' : 'starting',
      '-',
      ingress.url.replace('http://', ''),
      ingress.admin,
      `-/${ingress.pid || '-'}`,
    ],
    ...furtherPorts.map(([port, address]) => [`  port ${port}`, '-', '-', '-', '-', address, '-', '-']),
    [
      'pilot-discovery',
      '-',
      '-',
      controlPlane.pid ? 'running' : 'starting',
      controlPlane.grpc,
      '-',
      controlPlane.http,
      String(controlPlane.pid || '-'),
    ],
  ];
  return alignColumns(rows)
    .replaceAll(/ (running) /g, (_, word: string) => ` ${paint(word, 'good')} `)
    .replaceAll(/ (starting|restarting) /g, (_, word: string) => ` ${paint(word, 'bad')} `);
}

/** Left-aligned columns with three spaces between, no borders. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('   ')
        .trimEnd(),
    )
    .join('\n')
    .concat('\n');
}
