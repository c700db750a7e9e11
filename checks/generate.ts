/** `npm run generate`: writes the documents that are made from code. Tests beside their makers say when they are stale. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { openApi } from '@kozeni/api/openapi'
import { refusalTable } from '@kozeni/api/refusal-table'
import { ROOT } from './sources.ts'

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

const documents = {
  'docs/openapi.json': JSON.stringify(openApi(version), undefined, 2),
  'docs/spec/refusals.md': refusalTable(),
}

for (const [path, text] of Object.entries(documents)) {
  mkdirSync(dirname(join(ROOT, path)), { recursive: true })
  writeFileSync(join(ROOT, path), text)
}

const { status } = spawnSync('biome', ['format', '--write', 'docs/openapi.json'], { cwd: ROOT, stdio: 'inherit' })
process.exitCode = status ?? 1
