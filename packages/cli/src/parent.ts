/** The other end of child.ts: a served part of Kozeni says where it listens, and ends with its parent or on a signal. */

/**
 * Says where this process listens, waits for the end, and stops.
 *
 * @param withParent  end when standard input closes, as it does when the parent dies however it dies
 */
export async function serveUntilEnd(port: number, stop: () => Promise<void>, withParent: boolean): Promise<void> {
  process.stdout.write(`${JSON.stringify({ listening: port })}\n`)
  await ending(withParent)
  await stop()
}

function ending(withParent: boolean): Promise<void> {
  return new Promise(resolve => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
    if (!withParent) return
    process.stdin.resume()
    process.stdin.once('end', resolve)
    process.stdin.once('error', resolve)
  })
}
