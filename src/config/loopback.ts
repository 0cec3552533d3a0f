/** Whether a host's name or address can only be this machine: `localhost`, 127.0.0.0/8, `::1`. */
export const isLoopbackHost = (host: string): boolean =>
  /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?|\[?::ffff:127(\.\d{1,3}){3}\]?)$/i.test(host)
