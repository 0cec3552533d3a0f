import { html, raw } from 'hono/html'
import { directions } from '../locales/catalogue.ts'
import type { Letter } from './code-mail.ts'

// The light colours of the pages. They stand inline, since some mail programs drop <style>; dark ones come on top.
const paper = '#f7f4ee'
const card = '#fffdf9'
const ink = '#23211c'
const quiet = '#65604f'
const line = '#e2dccf'
const accent = '#0e5e52'
const wash = '#eef3ef'
const sans = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Noto Sans Arabic',Arial,sans-serif"
const mono = "ui-monospace,'SF Mono',Consolas,'DejaVu Sans Mono',monospace"

const style = raw(`
:root { color-scheme: light dark; supported-color-schemes: light dark }
@media (prefers-color-scheme: dark) {
  .paper { background: #191816 !important; color: #efeae1 !important }
  .card { background: #22211e !important; border-color: #38352f !important }
  .ink { color: #efeae1 !important }
  .quiet { color: #aaa393 !important }
  .line { border-color: #38352f !important }
  .accent { color: #6fc9b6 !important; border-color: #6fc9b6 !important }
  .wash { background: #1d2b28 !important }
}
@media (max-width: 480px) {
  .card { padding: 22px 18px !important }
  .code { font-size: 34px !important }
}`)

/**
 * The HTML half of a mail: one column of tables, since that is what Outlook lays out; no image, no font, nothing
 * fetched. Every value is escaped by hono's html tag. The format-detection line keeps Apple Mail from making links
 * of dates and names.
 */
export function layOutHtml(letter: Letter): string {
  const direction = directions[letter.locale]
  const page = html`<!doctype html>
<html lang="${letter.locale}" dir="${direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<title>${letter.subject}</title>
<style>${style}</style>
</head>
<body class="paper" style="margin:0;padding:0;background:${paper};color:${ink}">
<table role="presentation" class="paper" dir="${direction}" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:${paper}">
<tr><td align="center" style="padding:28px 14px 36px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:520px;font-family:${raw(sans)};font-size:16px;line-height:1.5;text-align:start">
<tr><td class="ink" style="padding:0 4px 16px;font-size:16px;font-weight:600;color:${ink}"><span class="accent" aria-hidden="true" style="display:inline-block;width:22px;height:22px;line-height:22px;text-align:center;border:2px solid ${accent};border-radius:7px;color:${accent};font-size:14px;font-weight:700">&#10003;</span>&#8201;&nbsp;${letter.brand}</td></tr>
<tr><td class="card" style="background:${card};border:1px solid ${line};border-radius:14px;padding:28px 28px 26px">
<h1 class="ink" style="margin:0 0 8px;font-size:23px;line-height:1.25;font-weight:650;color:${ink}">${letter.heading}</h1>
<p class="ink" style="margin:0 0 18px;color:${ink}">${letter.lead}</p>
${letter.code === undefined ? '' : layOutCode(letter.code)}
<p class="ink" style="margin:18px 0 20px;font-weight:600;color:${ink}">${letter.warning}</p>
<table role="presentation" class="line" width="100%" cellpadding="0" cellspacing="0" border="0" style="border-top:1px solid ${line};font-size:15px">
${letter.facts.map((fact) => layOutFact(fact, direction))}
</table>
<p class="quiet" style="margin:12px 0 0;font-size:14px;color:${quiet}">${letter.note}</p>
</td></tr>
<tr><td style="padding:22px 6px 0;font-size:15px">
<p class="ink" style="margin:0 0 6px;color:${ink}">${letter.unasked.text}</p>
<p style="margin:0 0 18px"><a class="accent" href="${letter.unasked.link.url}" style="display:inline-block;padding:10px 0;color:${accent};font-weight:600">${letter.unasked.link.label}</a></p>
<p class="quiet line" style="margin:0;padding-top:14px;border-top:1px solid ${line};font-size:14px;color:${quiet}">${letter.signature}</p>
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`
  return String(page)
}

const layOutCode = (
  code: string,
) => html`<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td class="wash" align="center" style="background:${wash};border-radius:12px;padding:20px 12px">
<bdo dir="ltr" class="code accent" style="font-family:${raw(mono)};font-size:40px;line-height:1.2;font-weight:650;letter-spacing:3px;white-space:nowrap;color:${accent};user-select:all;-webkit-user-select:all">${code}</bdo>
</td></tr></table>`

/** A value is a sentence of the letter's language, even where it begins with a Latin name. */
const layOutFact = ({ name, value, ltr }: Letter['facts'][number], direction: 'ltr' | 'rtl') => html`<tr>
<td class="quiet" valign="top" style="padding:10px 0 0;padding-inline-end:16px;color:${quiet};white-space:nowrap">${name}</td>
<td class="ink" valign="top" width="100%" style="padding:10px 0 0;color:${ink}">${
  ltr
    ? html`<bdi dir="ltr" style="font-weight:600;letter-spacing:.5px">${value}</bdi>`
    : html`<bdi dir="${direction}">${value}</bdi>`
}</td>
</tr>`
