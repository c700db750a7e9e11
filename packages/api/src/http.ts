/** One HTTP request and its answer as plain values, the same for who signs, who verifies and who carries. */
import type { Bytes } from '@kozeni/base/bytes'

/** Names in lower case; a field that came more than once is joined by ", ". */
export type Headers = Readonly<Record<string, string>>

export interface HttpRequest {
  readonly method: string
  /** Host and port, as in the Host header; a default port may stand there or not. */
  readonly authority: string
  /** Path and query, as in the request line: not decoded. */
  readonly target: string
  readonly headers: Headers
  /** As it travels; empty for none. */
  readonly body: Bytes
}

export interface HttpResponse {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}
