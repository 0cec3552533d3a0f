/** What pages show of the service itself; made once, at start. */
export type Site = {
  /** The operator's name, which stands wherever a product's name would. */
  name: string
  publicUrl: string
  supportAddress: string | undefined
  /** Addresses of the assets on our own origin; each holds a hash of its content. */
  assets: { style: string; script: string; mark: string; logo: string | undefined }
  /** Whether messages end in the built-in inbox: only then is there one to show. */
  inbox: boolean
}

/** Path and query of an address, as a link that leads nowhere else: one with two slashes would name another host. */
export const pathWithin = ({ pathname, search }: URL): string =>
  `/${pathname.replace(/^[/\\]+/, '')}${search}`
