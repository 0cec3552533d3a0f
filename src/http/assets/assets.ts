import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, crc32 } from 'node:zlib'
import { Hono } from 'hono'
import type { Accent } from '../../core/accent.ts'
import { packageRoot } from '../../package-root.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { Site } from '../pages/components/site.ts'

export type Logo = { type: 'image/svg+xml' | 'image/png'; content: Buffer }

type Asset = { href: string; type: string; content: Buffer }

/** Looks that the operator sets; what isn't set is ours. */
export type Looks = { accent: Accent | undefined; logo: Logo | undefined }

/** The parts of the one stylesheet, in their order. */
const styles = ['tokens', 'ground', 'shell', 'forms', 'words', 'reference', 'modes']

/**
 * Style, script and pictures, read once. An address holds a hash of what it gives, so browsers keep it for good and a
 * new version has a new address.
 */
export function openAssets(looks: Looks) {
  const file = (name: string) => readFileSync(join(packageRoot, 'src/http/assets', name))
  const css = [
    ...styles.map((name) => file(`style/${name}.css`)),
    looks.accent ? accentStyle(looks.accent) : '',
  ]
  const style = Buffer.from(compact(css.join('\n')))
  const mark = looks.accent ? recoloured(file('mark.svg'), looks.accent) : file('mark.svg')
  const assets = {
    style: asset('app', 'css', 'text/css; charset=utf-8', style),
    script: asset(
      'app',
      'js',
      'text/javascript; charset=utf-8',
      Buffer.from(lean(file('app.js').toString('utf8'))),
    ),
    mark: asset('mark', 'svg', 'image/svg+xml', mark),
    logo:
      looks.logo &&
      asset('logo', looks.logo.type.endsWith('png') ? 'png' : 'svg', looks.logo.type, looks.logo.content),
  }
  const hrefs: Site['assets'] = {
    style: assets.style.href,
    script: assets.script.href,
    mark: assets.mark.href,
    logo: assets.logo?.href,
  }
  return { hrefs, routes: serve(Object.values(assets).filter((one) => one !== undefined)) }
}

function asset(name: string, ending: string, type: string, content: Buffer): Asset {
  const hash = `${crc32(content).toString(36)}${content.length.toString(36)}`
  return { href: `/assets/${name}.${hash}.${ending}`, type, content }
}

function serve(assets: readonly Asset[]) {
  const routes = new Hono<Exchange>()
  for (const { href, type, content } of assets) {
    const isText = !type.endsWith('png')
    const whole = new Uint8Array(content)
    const small = new Uint8Array(brotliCompressSync(content))
    routes.get(href, (c) => {
      c.header('Cache-Control', 'public, max-age=31536000, immutable')
      c.header('Content-Type', type)
      // A picture that is opened by itself runs nothing either.
      c.header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox")
      if (!isText) return c.body(whole)
      c.header('Vary', 'Accept-Encoding')
      if (!/\bbr\b/.test(c.req.header('accept-encoding') ?? '')) return c.body(whole)
      c.header('Content-Encoding', 'br')
      return c.body(small)
    })
  }
  return routes
}

const accentStyle = ({ light, dark }: Accent): string => `
:root { ${tokens(light)} }
@media (prefers-color-scheme: dark) { :root { ${tokens(dark)} } }
`

const tokens = ({ accent, onAccent, wash }: Accent['light']): string =>
  `--accent: ${accent}; --on-accent: ${onAccent}; --wash: ${wash}`

/** Without comments, and with one space where there were many: half of a formatted stylesheet is indentation. */
const compact = (css: string): string =>
  css
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,>]) ?/g, '$1')
    .replace(/: /g, ':')
    .replace(/ \/ /g, '/')
    .replace(/@media \(/g, '@media(')
    .replace(/(?<![\d.])0\./g, '.')
    .replace(/ !important/g, '!important')
    .replace(/="([a-z]+)"/g, '=$1')
    .replace(/;\}/g, '}')

/** Without comments and indentation, which are for those who read the file. */
const lean = (script: string): string =>
  script
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(\/\/|\/?\*)/.test(line))
    .join('\n')

const recoloured = (mark: Buffer, { light }: Accent): Buffer =>
  Buffer.from(mark.toString('utf8').replace(/stroke="#[0-9a-f]{6}"/, `stroke="${light.accent}"`))
