#!/usr/bin/env node
// Starts the kozeni command on a Node that runs TypeScript as it is: this one if it can, else the one that the
// project brings along. Signals and the exit code pass through.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED = 24
const main = join(dirname(fileURLToPath(import.meta.url)), '../src/main.ts')

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  await import(main)
} else {
  const child = spawn(ownNode(), [main, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)))
}

/** The Node that `npm ci` put beside the project's other packages. */
function ownNode() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('node/package.json'))
    return join(folder, 'bin', 'node')
  } catch {
    console.error(
      `kozeni needs Node ${NEEDED} or newer; this is ${process.version}. Run \`npm ci\` in the project first.`,
    )
    process.exit(1)
  }
}
