/**
 * What an HTTP message signature signs: the signature base of RFC 9421 §2.5, one line a covered component and the
 * signature's own parameters last.
 */
import type { HttpRequest } from './http.ts'

/** A covered component: its name in lower case, and its value. */
export type Component = readonly [name: string, value: string]

/**
 * @param params  the inner list and its parameters, as in Signature-Input
 * @returns       undefined when a name comes twice, or a value cannot stand on one line
 * @spec          RFC 9421 §2.5
 */
export function signatureBase(components: readonly Component[], params: string): string | undefined {
  const names = new Set(components.map(([name]) => name))
  const sound = components.every(([, value]) => /^[\x20-\x7e\t]*$/.test(value))
  if (!sound || names.size !== components.length) return undefined
  return [...components, ['@signature-params', params]].map(([name, value]) => `"${name}": ${value}`).join('\n')
}

/**
 * The value of one component of a request.
 *
 * @returns undefined when the request has no such field, or the name is no component that is understood here
 * @spec    RFC 9421 §2.1, §2.2
 */
export function componentValue({ method, authority, target, headers }: HttpRequest, name: string): string | undefined {
  if (name === '@method') return method
  if (name === '@authority') return authority.toLowerCase().replace(DEFAULT_PORT, '')
  if (name === '@path') return target.split('?', 1)[0] || '/'
  if (name === '@query') return target.includes('?') ? target.slice(target.indexOf('?')) : '?'
  return Object.hasOwn(headers, name) ? headers[name]?.replaceAll(/^[ \t]+|[ \t]+$/g, '') : undefined
}

/** Of http and of https: which of the two it is, nobody knows behind a proxy. */
const DEFAULT_PORT = /:(80|443)$/
