/** What a sealed code is bound to: moved to another verification or destination, it does not open. */
export const sealBound = (verificationId: string, destination: string): string =>
  `${verificationId}\x1f${destination}`
