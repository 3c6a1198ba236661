// The fields that every HPACK endpoint knows (RFC 7541 Appendix A).
import { type Field, fieldOf } from './field.ts';

/** In the order of their indexes, from 1; `name=value`, or the name alone with an empty value. */
const entries = `\
:authority :method=GET :method=POST :path=/ :path=/index.html :scheme=http :scheme=https :status=200 :status=204
:status=206 :status=304 :status=400 :status=404 :status=500 accept-charset accept-encoding=gzip,_deflate
accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control
content-disposition content-encoding content-language content-length content-location content-range content-type
cookie date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since
last-modified link location max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after
server set-cookie strict-transport-security transfer-encoding user-agent vary via www-authenticate`;

/** The field of index i stands at i - 1. */
export const staticTable: readonly Field[] = entries.split(/\s+/).map(readEntry);

function readEntry(entry: string): Field {
  const [name, value = ''] = entry.split('=');
  return fieldOf(name!, value.replace('_', ' '));
}
