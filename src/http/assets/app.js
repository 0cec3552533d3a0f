// What a script adds to pages that work without it. Loaded as a module, so browsers too old for it never run it. Lines of
// comment and indentation aren't sent, so that no other line may begin with two slashes or an asterisk.

const page = document.documentElement
const all = (selector, within = document) => within.querySelectorAll(selector)

/** Times in the reader's own zone; the zone is also kept in a cookie, so that the server says them so next time. */
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
/** The same form of the language as the server's, so that a script changes no more than the zone. */
const tag = page.dataset.formats || page.lang
const day = { day: 'numeric', month: 'long', year: 'numeric' }
const shapes = {
  clock: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
  time: { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' },
  day,
  moment: { ...day, hour: '2-digit', minute: '2-digit', timeZoneName: 'short' },
}
const format = (at, shape) =>
  new Intl.DateTimeFormat(tag, { ...shapes[shape], hourCycle: 'h23', calendar: 'gregory' }).format(at)

if (zone) {
  const secure = location.protocol === 'https:'
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is newer than browsers in use
  document.cookie = `${secure ? '__Host-' : ''}time_zone=${zone}; path=/; max-age=31536000; samesite=lax${secure ? '; secure' : ''}`
}

function localise(within) {
  for (const time of all('time[data-shape]', within)) {
    time.textContent = format(new Date(time.dateTime), time.dataset.shape)
  }
}

/** Clocks count down. The server's time at which the page was made tells how far this machine's clock is off. */
const madeAt = Number(page.dataset.madeAt)
const skew = madeAt && Math.abs(Date.now() - madeAt) > 90_000 ? Date.now() - madeAt : 0

function tick() {
  for (const clock of all('time[data-left]')) {
    const left = Math.ceil((Date.parse(clock.dateTime) - Date.now() + skew) / 1000)
    clock.textContent =
      left > 0 ? clock.dataset.left.replace('{left}', inClockForm(left)) : clock.dataset.done
  }
}

function inClockForm(seconds) {
  const two = (number) => String(number).padStart(2, '0')
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}

/** A password can be looked at while it is typed. */
function revealers(within) {
  for (const button of all('button[data-reveals]', within)) {
    const input = document.getElementById(button.dataset.reveals)
    button.hidden = false
    button.onclick = () => {
      const shown = input.type === 'text'
      input.type = shown ? 'password' : 'text'
      button.setAttribute('aria-pressed', String(!shown))
      button.textContent = shown ? button.dataset.show : button.dataset.hide
    }
    // Shown text must not stay in the browser's memory of what was typed into text fields.
    input.form?.addEventListener('submit', () => {
      input.type = 'password'
    })
  }
}

/** A new password's strength in a word, by its length: that is what is true of it whatever it is made of. */
function strengths(within) {
  for (const word of all('[data-strength-of]', within)) {
    const input = document.getElementById(word.dataset.strengthOf)
    const least = Number(word.dataset.least)
    const tell = () => {
      const length = [...input.value.normalize('NFKC')].length
      const left = word.dataset.short.replace('{left}', least - length)
      const { fair, good, strong } = word.dataset
      word.textContent =
        length === 0 ? '' : length < least ? left : length < 18 ? fair : length < 24 ? good : strong
    }
    input?.addEventListener('input', tell)
  }
}

function copiers(within) {
  if (!navigator.clipboard) return
  for (const button of all('button[data-copies]', within)) {
    const label = button.textContent
    button.hidden = false
    button.onclick = async () => {
      await navigator.clipboard.writeText(button.dataset.copies)
      button.textContent = button.dataset.done
      setTimeout(() => {
        button.textContent = label
      }, 2000)
    }
  }
}

/** Bytes as WebAuthn's JSON has them, in base64url. */
const decode = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (sign) => sign.charCodeAt(0))

function encode(bytes) {
  if (bytes === undefined || bytes === null || typeof bytes === 'string') return bytes ?? undefined
  const { buffer = bytes, byteOffset, byteLength } = bytes
  let text = ''
  for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) text += String.fromCharCode(byte)
  return btoa(text).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')
}

/**
 * Reads and writes what WebAuthn's own helpers would: browsers in use lack them, and what password managers answer with
 * is often no credential that they know, nor one whose every member can be read.
 */
function optionsIn(text) {
  const { challenge, user, excludeCredentials, allowCredentials, ...rest } = JSON.parse(text)
  const named = (list) => list?.map((one) => ({ ...one, id: decode(one.id) }))
  return {
    ...rest,
    challenge: decode(challenge),
    user: user && { ...user, id: decode(user.id) },
    excludeCredentials: named(excludeCredentials),
    allowCredentials: named(allowCredentials),
  }
}

function answerOf(credential) {
  const member = (name, of = credential.response) => {
    try {
      return of[name]
    } catch {
      return undefined
    }
  }
  const id = encode(member('rawId', credential) ?? credential.id)
  const response = {}
  for (const name of [
    'clientDataJSON',
    'attestationObject',
    'authenticatorData',
    'signature',
    'userHandle',
  ]) {
    response[name] = encode(member(name))
  }
  try {
    response.transports = credential.response.getTransports()
  } catch {
    // Not told.
  }
  return JSON.stringify({ id, rawId: id, type: 'public-key', response })
}

/** Longer ago than this an offer in the page is renewed while it waits in the field for the name. */
const renewEvery = 20 * 60_000

/** A passkey: what the server asks the browser for stands in the page, and the answer goes along with the form. */
async function passkey(part) {
  const { passkey: does, fresh, action, autofill, known, stopped, failed } = part.dataset
  const [unable, told] = all(':scope > p', part)
  const api = window.PublicKeyCredential
  if (!api || !navigator.credentials) {
    unable.hidden = false
    return
  }
  const input = part.querySelector('input')
  const { form } = input
  /** The page may have stood open for longer than what it asks for is good. */
  const renew = async () => {
    const news = fresh && (await pageAt(fresh, AbortSignal.timeout?.(4000)))
    const asked = news?.querySelector('[data-passkey]')
    if (!asked) return
    part.dataset.options = asked.dataset.options
    const { elements } = asked.closest('form')
    for (const name of ['form', 'offer']) form.elements[name].value = elements[name].value
  }
  let under
  const ask = async (mediation) => {
    under?.abort()
    under = new AbortController()
    const { signal } = under
    told.textContent = ''
    try {
      const publicKey = optionsIn(part.dataset.options)
      input.value = answerOf(await navigator.credentials[does]({ publicKey, signal, mediation }))
      if (action) form.action = action
      form.submit()
    } catch (fault) {
      if (signal.aborted || mediation) return
      const { name } = fault ?? {}
      const isStopped = name === 'NotAllowedError' || name === 'AbortError'
      told.textContent = name === 'InvalidStateError' ? known : isStopped ? stopped : failed
    }
  }
  const button = part.querySelector('button')
  button.hidden = false
  button.onclick = async () => {
    await renew()
    ask()
  }
  if (autofill === undefined || !(await api.isConditionalMediationAvailable?.())) return
  ask('conditional')
  setInterval(async () => {
    await renew()
    ask('conditional')
  }, renewEvery)
}

/**
 * A live part of a page: at each word from its stream the page is fetched again and that part replaced. Nothing else
 * on the page changes, so what is being typed stays. The stream is closed while nobody looks.
 */
const trusted = window.trustedTypes?.createPolicy('countersign', { createHTML: (html) => html }) ?? {
  createHTML: (html) => html,
}

async function pageAt(address, signal) {
  const answer = await fetch(address, { headers: { accept: 'text/html' }, signal }).catch(() => undefined)
  if (!answer?.ok) return undefined
  return new DOMParser().parseFromString(trusted.createHTML(await answer.text()), 'text/html')
}

function live(part) {
  let stream
  const refresh = async () => {
    const news = (await pageAt(location.href))?.getElementById(part.id)
    if (!news) return
    const focused = part.contains(document.activeElement) && document.activeElement.getAttribute('href')
    part.replaceChildren(...news.childNodes)
    improve(part)
    const told = part.nextElementSibling
    if (told?.dataset.says) told.textContent = told.textContent ? `${told.dataset.says} ` : told.dataset.says
    if (focused) part.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus()
  }
  const listen = () => {
    if (document.hidden) return stream?.close()
    if (stream && stream.readyState !== EventSource.CLOSED) return
    stream = new EventSource(part.dataset.live)
    stream.addEventListener('news', refresh)
    // Newer windows are followed in place of this one, until somebody looks at it again.
    stream.addEventListener('replaced', () => stream.close())
  }
  document.addEventListener('visibilitychange', listen)
  window.addEventListener('pagehide', () => stream?.close())
  window.addEventListener('pageshow', listen)
  listen()
  for (const link of all('[data-without-script]')) link.hidden = true
}

function improve(within) {
  localise(within)
  revealers(within)
  strengths(within)
  copiers(within)
  tick()
}

improve(document)
setInterval(tick, 1000)
for (const part of all('[data-live]')) live(part)
for (const part of all('[data-passkey]')) passkey(part)
for (const button of all('[data-prints]')) {
  button.hidden = false
  button.onclick = () => print()
}
document.querySelector('.errors')?.focus()
// A page that Back brings from memory may show an account that was signed out since.
if ('personal' in page.dataset) {
  window.addEventListener('pageshow', ({ persisted }) => {
    if (!persisted) return
    document.body.hidden = true
    location.replace(location.pathname + location.search)
  })
}
