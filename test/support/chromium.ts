import { existsSync } from 'node:fs'
import { requirement } from './requirements.ts'

/** The same engine without a window around it, which shows a page for half the work. */
const headlessShell = '/usr/bin/chromium-headless-shell'

/** Where Chromium is, or undefined on a laptop without it: then tests that look at pages are skipped. */
export const chromiumPath = existsSync(headlessShell) ? headlessShell : requirement('chromium')

/** Nothing of the browser's own goes out to the network. */
export const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
