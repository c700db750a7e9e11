/**
 * For tests: a web application on this machine. Databases and locks of a browser need a secure context, which 127.0.0.1
 * is. Not part of the product.
 */
import { createServer } from 'node:http'

export interface Origin {
  readonly url: string
  close(): void
}

/** Serves an empty page that runs /page.js. @param scripts  modules by path, /page.js among them */
export async function serveOrigin(scripts: Readonly<Record<string, string>>): Promise<Origin> {
  const page = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>'
  const server = createServer(({ url = '/' }, response) => {
    const script = scripts[url]
    response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript').end(script ?? page)
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
