import { fileURLToPath } from 'node:url'

/** The folder that holds package.json, seen from src/ and from dist/ alike. */
export const packageRoot = fileURLToPath(new URL('..', import.meta.url))
