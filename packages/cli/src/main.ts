/** The `kozeni` command. Each part stands in a file of its own; this one only puts them side by side. */
import { Command } from 'commander'
import { addAudit } from './command-audit.ts'
import { addCenter } from './command-center.ts'
import { addChip } from './command-chip.ts'
import { addKeys } from './command-keys.ts'
import { addOperators } from './command-operators.ts'
import { addPhone } from './command-phone.ts'
import { addRestored } from './command-restored.ts'
import { addDay, addDoctor } from './command-small.ts'
import { addStore } from './command-store.ts'
import { addTerminal } from './command-terminal.ts'

const program = new Command('kozeni')
  .description('Electronic money: value on a chip, loaded over the internet, spent on-line and off-line.')
  .version('0.1.0')
  .option('--data <folder>', 'where everything is kept; default: KOZENI_DATA, else ./data')
  .showHelpAfterError('(kozeni --help shows what there is)')
  .configureHelp({ sortSubcommands: false })

addDay(program)
addCenter(program)
addStore(program)
addTerminal(program)
addPhone(program)
addChip(program)
addAudit(program)
addKeys(program)
addOperators(program)
addRestored(program)
addDoctor(program)

await program.parseAsync()
