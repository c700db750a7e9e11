/**
 * `npm test [-- vitest's arguments]`: runs the tests, then says what this machine left out and how to enable it.
 * With CI=true whatever was left out counts as failed: a green that skipped something is not green.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { leftOut } from './machine.ts'
import { print, verdict } from './telling.ts'

const folder = mkdtempSync(join(tmpdir(), 'kozeni-test-'))
const report = join(folder, 'report.json')
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
const { status } = spawnSync('vitest', ['run', ...reporters, ...process.argv.slice(2)], { stdio: 'inherit' })
const { passed, failed, skipped } = counts()
rmSync(folder, { recursive: true })

const missing = leftOut()
for (const { tests, enable } of missing) print(`left out on this machine: ${tests}; to run them: ${enable}`)
if (skipped > 0) print(`${skipped} skipped`)
const unseen = process.env['CI'] === 'true' ? missing.length + skipped : 0
process.exitCode = verdict(passed, Math.max(failed, status === 0 ? 0 : 1) + unseen)

/** Tests by outcome; a file that did not even load is one failure. No report at all is left to the exit status. */
function counts(): { passed: number; failed: number; skipped: number } {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
    const unloaded = testResults.filter(
      (file: { status: string; assertionResults: unknown[] }) =>
        file.status === 'failed' && file.assertionResults.length === 0,
    )
    return { passed: numPassedTests, failed: numFailedTests + unloaded.length, skipped: numPendingTests }
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }
  }
}
