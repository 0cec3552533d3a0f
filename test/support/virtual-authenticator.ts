import type { CDPSession, Page } from 'playwright-core'

/** A passkey as Chromium tells of it; copied as it is, but for its counter. */
export type VirtualCredential = { signCount: number; [field: string]: unknown }

export type Make = {
  transport: 'internal' | 'usb'
  /** Whether it can know its owner, and whether it does now. */
  verifies: boolean
  knowsOwner?: boolean
}

/** An authenticator that Chromium makes believe is plugged into, or part of, the machine (WebAuthn, through DevTools). */
export async function plugIn(page: Page, { transport, verifies, knowsOwner = verifies }: Make) {
  const cdp: CDPSession = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport,
      // A security key keeps a discoverable passkey only behind a PIN.
      hasResidentKey: verifies,
      hasUserVerification: verifies,
      isUserVerified: knowsOwner,
      automaticPresenceSimulation: true,
    },
  })
  return {
    credentials: async (): Promise<VirtualCredential[]> =>
      (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials as never,
    /** Puts the passkeys of another authenticator on this one, as a copy has them. */
    async copy(credentials: readonly VirtualCredential[]) {
      for (const credential of credentials) {
        await cdp.send('WebAuthn.addCredential', { authenticatorId, credential: credential as never })
      }
    },
    setKnowsOwner: (isUserVerified: boolean) =>
      cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
    unplug: () => cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId }),
  }
}
