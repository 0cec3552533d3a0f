import { hashToken } from '../../src/secrets/tokens.ts'
import { type Ground, publicUrl } from './world.ts'

/** A form as it stands on a page: where it is sent, and what it holds before anybody types. */
export type PageForm = { action: string; fields: Record<string, string> }

/** What an answer looks like to a person: the page that the browser ends at. */
export type Page = {
  status: number
  /** Path and query in the address bar. */
  path: string
  text: string
  headers: Headers
  /** The code of the refusal that the answer carries. */
  refusal: string | undefined
  forms: PageForm[]
}

export type Sent = {
  method?: string
  fields?: Readonly<Record<string, string>> | URLSearchParams
  /** A form as it travels, in place of fields: for what no browser would write so. */
  body?: string
  /** Undefined leaves a header out that a browser would send. */
  headers?: Readonly<Record<string, string | undefined>>
}

/** A browser with cookies of its own at a network address of its own. Another person is another one of these. */
export type Person = {
  readonly cookies: Map<string, string>
  readonly ip: string
  readonly page: Page
  /** The hash by which the service knows this browser. */
  readonly browser: Buffer
  /** One request, with cookies kept and no redirect followed. */
  request(path: string, sent?: Sent): Promise<Response>
  open(path: string): Promise<Page>
  /** Sends the form on the page that has these fields, with whatever else it holds. */
  submit(fields: Readonly<Record<string, string>>): Promise<Page>
  /** Presses the button of the form for this act. */
  press(act: string): Promise<Page>
  /** The form on the page that has these fields. */
  form(...names: string[]): PageForm
  /** The page as an answer leaves it, its redirects followed. */
  follow(answer: Response, path: string): Promise<Page>
  /** Whether this browser is signed in to the account on the page it is at, or to any. */
  isSignedIn(): Promise<boolean>
  /** The same cookies, as a copy on another machine would have them. */
  copy(): Person
  /** Closes the window: cookies without an age are gone. */
  closeWindow(): void
}

/** The name that a cookie has under the service's address. */
export const cookieNamed = (name: string, url = publicUrl): string =>
  url.startsWith('https:') ? `__Host-${name}` : name

let people = 0

export type PersonSettings = {
  cookies?: Iterable<[string, string]>
  ip?: string
  /** Where the service is, if not at the address of a world without a real browser. */
  url?: string
  /** What this browser says of itself in every request. */
  headers?: Readonly<Record<string, string>>
}

/** Somebody whom nothing is known of yet, or who has these cookies. */
export function newPerson(world: Pick<Ground, 'app'>, has: PersonSettings = {}): Person {
  people += 1
  const ip = has.ip ?? `10.${(people >> 8) & 255}.${people & 255}.7`
  const url = has.url ?? publicUrl
  const cookies = new Map(has.cookies)
  const lasting = new Set<string>()
  let page: Page | undefined

  async function request(path: string, { method, fields, body, headers = {} }: Sent = {}): Promise<Response> {
    const posts = fields !== undefined || body !== undefined
    const all: Record<string, string | undefined> = {
      Host: new URL(url).host,
      Accept: 'text/html',
      'User-Agent': 'Harbour Browser/1.0',
      'Sec-Fetch-Site': 'same-origin',
      ...has.headers,
      ...(cookies.size > 0 && { Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }),
      ...(posts && { Origin: url, 'Content-Type': 'application/x-www-form-urlencoded' }),
      ...headers,
    }
    const answer = await world.app.request(
      url + path,
      {
        method: method ?? (posts ? 'POST' : 'GET'),
        headers: Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
        ...(posts && { body: body ?? new URLSearchParams(fields).toString() }),
      },
      { incoming: { socket: { remoteAddress: ip } } },
    )
    for (const line of answer.headers.getSetCookie()) keep(line)
    return answer
  }

  function keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ')
    const at = pair.indexOf('=')
    const name = pair.slice(0, at)
    const age = attributes.find((attribute) => attribute.startsWith('Max-Age='))
    lasting.delete(name)
    if (age === 'Max-Age=0') cookies.delete(name)
    else cookies.set(name, pair.slice(at + 1))
    if (age !== undefined && age !== 'Max-Age=0') lasting.add(name)
  }

  async function follow(answer: Response, path: string): Promise<Page> {
    let at = path
    let seen = answer
    for (let hops = 0; hops < 5; hops += 1) {
      const to = seen.headers.get('location')
      if (to === null) break
      at = to
      seen = await request(at)
    }
    const text = await seen.text()
    const refusal = seen.headers.get('countersign-error')?.split(';')[0]
    page = { status: seen.status, path: at, text, headers: seen.headers, refusal, forms: formsIn(text, at) }
    return page
  }

  const here = (): Page => {
    if (page === undefined) throw new Error('No page has been opened.')
    return page
  }
  const find = (fits: (form: PageForm) => boolean, what: string): PageForm => {
    const form = here().forms.find(fits)
    if (form === undefined) throw new Error(`No form for ${what} at ${here().path}:\n${wordsOf(here().text)}`)
    return form
  }
  const send = async ({ action, fields }: PageForm, typed: Readonly<Record<string, string>>) =>
    follow(await request(action, { fields: { ...fields, ...typed } }), action)

  const person: Person = {
    cookies,
    ip,
    get page() {
      return here()
    },
    get browser() {
      return hashToken(cookies.get(cookieNamed('browser', url)) ?? '')
    },
    request,
    open: async (path) => follow(await request(path), path),
    submit: (fields) => send(person.form(...Object.keys(fields)), fields),
    press: (act) =>
      send(
        find((form) => form.fields.act === act, act),
        {},
      ),
    form: (...names) => find((form) => names.every((name) => name in form.fields), names.join()),
    follow,
    async isSignedIn() {
      return (await request('/account')).headers.get('location')?.startsWith('/account/') ?? false
    },
    copy: () => newPerson(world, { url, headers: has.headers ?? {}, cookies }),
    closeWindow() {
      for (const name of cookies.keys()) if (!lasting.has(name)) cookies.delete(name)
    },
  }
  return person
}

/** Each form's fields with their values; of several choices, the one that is chosen; boxes are left unticked. */
function formsIn(html: string, path: string): PageForm[] {
  return [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, head = '', body = '']) => {
    const fields: Record<string, string> = {}
    for (const [, tag = ''] of body.matchAll(/<input\b([^>]*)>/g)) {
      const name = attribute(tag, 'name')
      const type = attribute(tag, 'type')
      if (name === undefined || type === 'checkbox') continue
      if (type === 'radio' && name in fields && !/\schecked/.test(tag)) continue
      fields[name] = attribute(tag, 'value') ?? ''
    }
    for (const [, tag = ''] of body.matchAll(/<textarea\b([^>]*)>/g))
      fields[attribute(tag, 'name') ?? ''] = ''
    return { action: attribute(head, 'action') ?? path, fields }
  })
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]
  return value?.replace(/&(quot|#39|lt|gt|amp);/g, (_, entity: string) => characters[entity] ?? '')
}

const characters: Record<string, string> = { quot: '"', '#39': "'", lt: '<', gt: '>', amp: '&' }

/** What a page says, without its markup. */
export const wordsOf = (html: string): string =>
  html
    .replace(/<(script|style|svg)\b.*?<\/\1>/gs, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
