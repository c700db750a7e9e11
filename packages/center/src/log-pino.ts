/** The center's log as lines of JSON. Nobody should hand it a secret; what is called like one is struck out all the same. */
import { type DestinationStream, pino } from 'pino'
import type { Center } from './center.ts'

const SECRETS = [
  'authorization',
  'key',
  'operatorToken',
  'passphrase',
  'password',
  'pin',
  'privateKey',
  'proof',
  'secret',
  'secretKey',
  'seed',
  'signature',
  'token',
  'webhookSecret',
]

/** @param to  standard output, unless somewhere else */
export function pinoLog(level: 'info' | 'warn' | 'error' | 'silent', to?: DestinationStream): Center['log'] {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRETS.flatMap(name => [name, `*.${name}`, `*.*.${name}`]), censor: 'struck out' },
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const logger = to === undefined ? pino(options) : pino(options, to)
  return (as, message, facts) => logger[as](facts, message)
}
