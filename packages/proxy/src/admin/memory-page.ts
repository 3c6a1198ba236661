// Shows the memory of the process in the JSON of envoy.admin.v3.Memory, filled with what V8 and the system know.
import { type AdminAnswer, json } from './admin-page.ts';

/** Bytes, as texts: they are 64-bit numbers. */
export function memory(): AdminAnswer {
  const { heapUsed, heapTotal, rss, external } = process.memoryUsage();
  return json({
    allocated: String(heapUsed + external),
    heap_size: String(heapTotal),
    pageheap_unmapped: '0',
    pageheap_free: String(heapTotal - heapUsed),
    total_thread_cache: '0',
    total_physical_bytes: String(rss),
  });
}
