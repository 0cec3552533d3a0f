import type { Context } from 'hono'
import type { Refusal, RefusalCode, Result } from '../core/refusal.ts'
import type { Instant } from '../core/time.ts'
import { type Locale, locales } from '../core/verifications/message.ts'
import { translate } from '../locales/catalogue.ts'
import { parametersOf, refusalField, refusalShapes } from './refusals.ts'

/** What every handler knows of the request it answers. */
export type Exchange = {
  Variables: {
    requestId: string
    now: Instant
    locale: Locale
    /** What every answer carries. */
    defaultHeaders: Record<string, string>
    refused?: Refusal
  }
}

export type Answering = Context<Exchange>

/**
 * Sends a value as JSON, or a refusal as a problem document (RFC 9457). A value's headers stay the plain record that the
 * server writes: as `Headers`, which `c.header` and `c.json` make of them, they took 10 µs of each request.
 */
export function answerJson<Value, Code extends RefusalCode>(
  c: Answering,
  result: Result<Value, Code>,
  show: (value: Value) => object,
  publicUrl: string,
  status: 200 | 201 | 202 = 200,
): Response {
  if (!result.ok) return refuseJson(c, result.refusal, publicUrl)
  const headers = { ...c.get('defaultHeaders'), 'Content-Type': 'application/json' }
  return new Response(JSON.stringify(show(result.value)), { status, headers })
}

/** For what is answered in any other way. */
export function setDefaultHeaders(c: Answering): void {
  for (const [name, value] of Object.entries(c.get('defaultHeaders'))) c.header(name, value)
}

export function refuseJson(c: Answering, refusal: Refusal, publicUrl: string): Response {
  const { requestId, now, locale } = c.var
  const shape = refusalShapes[refusal.code]
  const parameters = parametersOf(refusal, now)
  setDefaultHeaders(c)
  noteRefusal(c, refusal)
  const problem = {
    type: `${publicUrl}/help/errors/${refusal.code}`,
    title: translate(locale, `refusal.${refusal.code}.title`),
    status: shape.status,
    code: refusal.code,
    kind: shape.kind,
    detail: translate(locale, `refusal.${refusal.code}.detail`, wordsOf(parameters)),
    instance: requestId,
    ...parameters,
  }
  c.header('Content-Type', 'application/problem+json')
  return c.body(JSON.stringify(problem), shape.status)
}

/** The headers that carry a refusal on any answer, JSON or HTML. */
export function noteRefusal(c: Answering, refusal: Refusal): void {
  const { requestId, now } = c.var
  c.set('refused', refusal)
  c.header('Countersign-Error', refusalField(refusal, requestId, now))
  const { retry_after } = parametersOf(refusal, now)
  if (typeof retry_after === 'number') c.header('Retry-After', String(retry_after))
  if (refusal.code === 'method_unknown') c.header('Allow', refusal.allow.join(', '))
  if (refusal.code === 'authentication_required' || refusal.code === 'api_key_refused') {
    c.header('WWW-Authenticate', 'Bearer realm="countersign"')
  }
}

/** What a sentence may name of a refusal's parameters. */
export const wordsOf = (parameters: ReturnType<typeof parametersOf>): Record<string, string | number> =>
  Object.fromEntries(
    Object.entries(parameters).filter(
      (entry): entry is [string, string | number] => typeof entry[1] !== 'object',
    ),
  )

/** The language that the reader prefers, of those the product speaks (RFC 9110 §12.5.4). */
export function preferredLocale(acceptLanguage: string | undefined): Locale {
  if (acceptLanguage === undefined) return locales[0]
  const wanted = acceptLanguage
    .split(',', 20)
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().split(';')
      const quality = parameters.map((p) => /^\s*q=([\d.]+)$/.exec(p)?.[1]).find((q) => q !== undefined)
      return { language: languageOf(tag), quality: quality === undefined ? 1 : Number(quality) }
    })
    .filter((choice) => choice.quality > 0)
    .sort((a, b) => b.quality - a.quality)
  return wanted.map((choice) => choice.language).find((language) => language !== undefined) ?? locales[0]
}

/** The language of a tag such as `ar-EG`, where the product speaks it. */
export function languageOf(tag: string): Locale | undefined {
  const language = tag.trim().toLowerCase().split(/[-_]/)[0]
  return locales.find((locale) => locale === language)
}
