'use strict'

/**
 * Loaded into what the launcher starts. The launcher holds the other end of an IPC channel; when it dies in
 * whatever way, even by kill -9, the channel closes, and this process is asked to end as by `kill`.
 */
if (process.channel) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  // The channel must not keep a program alive that is done.
  process.channel.unref()
}
