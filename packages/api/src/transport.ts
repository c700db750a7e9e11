/** The port to the network: one request out, one answer back. Whatever keeps the answer away rejects. */
import type { HttpRequest, HttpResponse } from './http.ts'

/** A request on its way to a center. */
export interface Outgoing extends HttpRequest {
  /** Scheme, host and port: https://center.example. */
  readonly origin: string
  /** No answer by then is none. */
  readonly timeoutMs: number
}

export type Transport = (request: Outgoing) => Promise<HttpResponse>
