/** The contract for people and for tools: /openapi.json, and /reference, which fetches nothing from elsewhere. */

import { openApi } from '@kozeni/api/openapi'
import reference from '@scalar/fastify-api-reference'
import type { FastifyInstance } from 'fastify'
import manifest from '../package.json' with { type: 'json' }

/** The page brings its own script and styles, inline. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** Adds both. */
export async function addReference(app: FastifyInstance): Promise<void> {
  const document = openApi(manifest.version)
  app.get('/openapi.json', async () => document)
  await app.register(async page => {
    page.addHook('onSend', async (_, reply) => void reply.header('content-security-policy', PAGE_POLICY))
    await page.register(reference, {
      routePrefix: '/reference',
      configuration: {
        url: '/openapi.json',
        withDefaultFonts: false,
        hideClientButton: true,
        showDeveloperTools: 'never',
        agent: { disabled: true },
        telemetry: false,
      },
    })
  })
}
