import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { pages } from './docs/pages.ts'

/** `npm run docs` makes the parts of docs/ that are made of the code anew. */
for (const { file, written, made } of await pages()) {
  if (written === made) continue
  writeFileSync(file, made)
  console.log(`${relative(process.cwd(), file)} is up to date again.`)
}
