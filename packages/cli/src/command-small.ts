/** `kozeni doctor` and `kozeni day`: the first thing to try, and the first thing to watch. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { examine } from './doctor.ts'
import { bad, good, quiet, say } from './say.ts'
import { DEFAULT_PORT, dataFolder, portNumber } from './settings.ts'

/** Adds the command. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('what this machine has and lacks, and how to get what is missing')
    .option('--port <n>', 'the port that the center is to use', String(DEFAULT_PORT))
    .action(async ({ port }: { port: string }, command: Command) => {
      const findings = await examine(dataFolder(command).path, portNumber(port))
      for (const { what, state, says } of findings) {
        const mark = state === 'fine' ? good('✓') : state === 'missing' ? bad('✗') : quiet('–')
        say(`${mark} ${what.padEnd(14)} ${says}`)
      }
      process.exitCode = findings.some(({ state }) => state === 'missing') ? 1 : 0
    })
}

interface DayOptions {
  readonly once?: boolean
  readonly port: string
  readonly centers: string
  readonly kills: string
}

/** Adds the command. Its work is a process of its own: the day stands above the command. */
export function addDay(program: Command): void {
  program
    .command('day')
    .description(
      'play the first day: every part as its own process, interrupted at the worst moments, and accounted for',
    )
    .option('--once', 'stop everything after the day; exit 0 only if every check held')
    .option('--port <n>', 'for the center', String(DEFAULT_PORT))
    .option('--centers <n>', 'how many center processes serve the day on one database', '1')
    .option('--kills <n>', 'how often a center process is killed at a moment of chance', '0')
    .action(({ once, port, centers, kills }: DayOptions, command: Command) => {
      const main = fileURLToPath(import.meta.resolve('@kozeni/day/main'))
      const rest = [
        '--data',
        dataFolder(command).path,
        '--port',
        String(portNumber(port)),
        '--centers',
        centers,
        '--kills',
        kills,
      ]
      const day = spawn(process.execPath, [main, ...rest, ...(once ? ['--once'] : [])], { stdio: 'inherit' })
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => day.kill(signal))
      day.on('exit', code => process.exit(code ?? 1))
    })
}
