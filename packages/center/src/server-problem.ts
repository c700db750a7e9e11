/** How no leaves the building: problem details of RFC 9457. A bug is told as 500 and nothing more, and logged by its id. */
import { PROBLEM_MEDIA_TYPE, problemOf } from '@kozeni/api/problem'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { FastifyError, FastifyReply } from 'fastify'
import { AnswerLost } from './book.ts'

const BUSY_SECONDS = 1

/** Answers with the refusal's problem. */
export function sendRefusal(reply: FastifyReply, reason: Refusal): FastifyReply {
  const problem = problemOf(reason)
  if (problem.status === 503) reply.header('retry-after', BUSY_SECONDS)
  if (problem.status === 401) reply.header('www-authenticate', 'Signature')
  return reply.code(problem.status).type(PROBLEM_MEDIA_TYPE).send(JSON.stringify(problem))
}

/** Answers with a problem that tells only where the log tells more. */
export function sendBug(reply: FastifyReply, request: string): FastifyReply {
  const problem = {
    type: 'about:blank',
    title: 'The center has a bug.',
    status: 500,
    detail: 'Nothing is half done. Repeat the request later, and name this request to the issuer.',
    request,
  }
  return reply.code(500).type(PROBLEM_MEDIA_TYPE).send(JSON.stringify(problem))
}

/** The refusal behind an error that is no bug: what Fastify says of a request, or a book that is away; or undefined. */
export function refusalOfError(error: FastifyError): Refusal | undefined {
  const { statusCode = 500 } = error
  if (isAway(error)) return refusal('busy')
  if (statusCode === 404) return refusal('not-found')
  if (statusCode === 413) return refusal('too-large')
  if (statusCode === 415) return refusal('media-type-wrong')
  if (statusCode === 429 || statusCode === 503) return refusal('busy')
  return statusCode < 500 ? refusal('input-wrong', { part: 'body', field: 'request' }) : undefined
}

const AWAY = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|08...|53...|57...)$/

/** The book cannot be reached, or was lost on the way: the same request may come again (SQLSTATE classes 08, 53, 57). */
const isAway = (error: Error & { readonly code?: string }): boolean =>
  error instanceof AnswerLost ||
  AWAY.test(error.code ?? '') ||
  /^(Connection terminated|timeout exceeded)/.test(error.message)
