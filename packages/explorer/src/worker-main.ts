/** One job of the exploration, in a thread of its own. */
import { parentPort, workerData } from 'node:worker_threads'
import { product } from './design.ts'
import type { Job, Word } from './explore.ts'
import { LIMITS, scenario } from './scenarios.ts'
import { tried } from './trial.ts'
import { WEAKENINGS } from './weakenings.ts'

const job = workerData as Job
const say = (word: Word): void => parentPort?.postMessage(word)
const plot = scenario(job.scenario)
if (plot === undefined) throw new Error(`no scenario ${job.scenario}`)
const sound = await product()
const weakening = WEAKENINGS.find(({ number }) => number === job.weakening)
const design = weakening === undefined ? sound : await weakening.make(sound)
// a weakened design is searched until it is found out
const limit = LIMITS[weakening === undefined ? job.bound : 'full']
say({ trial: tried(plot, { design, limit, memory: job.memory, progress: states => say({ states }) }) })
