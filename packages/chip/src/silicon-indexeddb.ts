/**
 * Silicon of a chip that lives in a browser: kept in IndexedDB, one strictly durable transaction for each flush, so a
 * tab, a browser or a machine that dies leaves the memory as it was before a command or after it. One owner at a time:
 * a Web Lock refuses a second tab, and every transaction checks that nobody has opened the memory since; two images
 * that both write would be two chips (C-9). Only a worker should open it, and a page should ask the browser first not to
 * evict what it keeps (`navigator.storage.persist()`): an evicted chip is a lost one.
 */
import type { Bytes } from '@kozeni/base/bytes'
import { SiliconTaken } from './silicon.ts'
import { type Blocks, ImageSilicon, type Keeper } from './silicon-image.ts'

/** How long an earlier owner may take to let go: a page that is loaded again must not be refused by its own past. */
const PATIENCE_MS = 1000

const STORE = 'memory'
/** Every block stands under its number, how often the memory was opened under this. */
const OPENINGS = 'openings'

/**
 * Opens the memory of that name, or makes it, erased.
 *
 * @throws SiliconTaken while another tab has it open
 */
export async function openSiliconIndexedDb(name: string, sizeBytes: number): Promise<ImageSilicon> {
  const release = await takeLock(`kozeni chip ${name}`)
  try {
    const database = await openDatabase(`kozeni chip ${name}`)
    const { opening, blocks } = await claim(database)
    return new ImageSilicon(sizeBytes, blocks, new DatabaseKeeper(database, opening, release))
  } catch (error) {
    release()
    throw error
  }
}

class DatabaseKeeper implements Keeper {
  readonly #database: IDBDatabase
  readonly #opening: number
  readonly #release: () => void

  constructor(database: IDBDatabase, opening: number, release: () => void) {
    this.#database = database
    this.#opening = opening
    this.#release = release
  }

  async save(blocks: Blocks): Promise<void> {
    const transaction = this.#database.transaction(STORE, 'readwrite', { durability: 'strict' })
    const store = transaction.objectStore(STORE)
    const latest = store.get(OPENINGS)
    latest.onsuccess = () => {
      if (latest.result !== this.#opening) return transaction.abort()
      for (const [index, block] of blocks) store.put(block, index)
      transaction.commit()
    }
    await completed(transaction)
  }

  close(): void {
    this.#database.close() // after the transactions that are under way
    this.#release()
  }
}

/** Makes this opening the latest, and reads all blocks, in one transaction: no other opening's write comes after. */
async function claim(database: IDBDatabase): Promise<{ opening: number; blocks: Map<number, Bytes> }> {
  const transaction = database.transaction(STORE, 'readwrite', { durability: 'strict' })
  const store = transaction.objectStore(STORE)
  const blocks = new Map<number, Bytes>()
  let opening = 1
  const cursor = store.openCursor()
  cursor.onsuccess = () => {
    const entry = cursor.result
    if (entry === null) return void store.put(opening, OPENINGS)
    if (typeof entry.key === 'number') blocks.set(entry.key, entry.value)
    else opening = entry.value + 1
    entry.continue()
  }
  await completed(transaction)
  return { opening, blocks }
}

/** @returns how to let go; the browser does so by itself when whoever asked is gone, however it went */
function takeLock(name: string): Promise<() => void> {
  const { promise: taken, resolve, reject } = Promise.withResolvers<() => void>()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const hold = (): Promise<void> => {
    resolve(release)
    return released
  }
  navigator.locks.request(name, { signal: AbortSignal.timeout(PATIENCE_MS) }, hold).catch((cause: unknown) => {
    const taken = cause instanceof DOMException && cause.name === 'TimeoutError'
    const message = 'another tab or window of this browser has this chip open: use it there, or close it first'
    reject(taken ? new SiliconTaken(message, { cause }) : cause)
  })
  return taken
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const { promise, resolve, reject } = Promise.withResolvers<IDBDatabase>()
  const request = indexedDB.open(name, 1)
  request.onupgradeneeded = () => void request.result.createObjectStore(STORE)
  request.onsuccess = () => resolve(request.result)
  request.onerror = () => reject(new Error('the browser does not open its database', { cause: request.error }))
  return promise
}

function completed(transaction: IDBTransaction): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  transaction.oncomplete = () => resolve()
  transaction.onabort = () =>
    reject(new Error('the browser did not keep what the chip wrote', { cause: transaction.error }))
  return promise
}
