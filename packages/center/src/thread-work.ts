/** What runs in a thread of thread.ts. */
import { readlinkSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'

/**
 * Answers all that it is asked, until it is told to end.
 *
 * @param answer  in the order in which it is asked; one that throws ends the thread
 * @param end     puts away what keeps the thread alive
 */
export function workAside<Asked, Answer>(
  answer: (asked: Asked) => Answer | Promise<Answer>,
  end: () => Promise<void> = async () => undefined,
): void {
  yieldToOthers()
  let last = Promise.resolve()
  parentPort?.on('message', (said: { readonly asked: Asked } | 'end') => {
    last = last.then(async () => {
      if (said !== 'end') return parentPort?.postMessage(await answer(said.asked))
      await end()
      parentPort?.close()
    })
  })
}

/** What is done aside can wait, and who is at a counter cannot. Where the system has no name for a thread, all are equal. */
function yieldToOthers(): void {
  try {
    const name = readlinkSync('/proc/thread-self').split('/').at(-1)
    setPriority(Number(name), constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // it is as fast as the others then
  }
}
