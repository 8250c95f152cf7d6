// Runs a WebAssembly program in Node, with the repository as its file system: node wasi.mjs PROGRAM [ARGUMENTS]
import { readFile } from 'node:fs/promises'
import { WASI } from 'node:wasi'

const [program, ...args] = process.argv.slice(2)
const root = new URL('../..', import.meta.url).pathname
const env = { INSTA_WORKSPACE_ROOT: '/', INSTA_UPDATE: 'no', PROPTEST_CASES: process.env.PROPTEST_CASES ?? '64' }
const wasi = new WASI({ version: 'preview1', args: [program, ...args], env, preopens: { '/': root }, returnOnExit: true })
const module = await WebAssembly.compile(await readFile(program))
const instance = await WebAssembly.instantiate(module, wasi.getImportObject())
process.exit(wasi.start(instance))
