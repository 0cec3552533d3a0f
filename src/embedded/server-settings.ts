/**
 * What the bundled server runs with, given on its command line: so a newer release of Countersign brings its
 * settings along, and nothing in the data folder can weaken the first four.
 */
const settings = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  fsync: 'on',
  full_page_writes: 'on',

  max_connections: '100',
  shared_buffers: '96MB',
  // 18 would start three I/O workers; at this size reading in the backend itself is as fast and costs less.
  io_method: 'sync',
  max_worker_processes: '4',
  max_parallel_workers: '2',
  jit: 'off',

  // Small commits: no log for replicas that don't exist, and rare checkpoints. A recovery of 512 MB takes seconds.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '512MB',
  checkpoint_timeout: '10min',

  timezone: 'UTC',
  log_timezone: 'UTC',

  // Statements, their parameters and the details of errors hold people's addresses: none is ever logged. The
  // service gets every error as an answer and logs it in its own, redacting way.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_statement: 'none',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  log_min_duration_statement: '-1',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
  log_line_prefix: '',
  logging_collector: 'off',
}

export function serverArguments(dataFolder: string, socketFolder: string, port: number): string[] {
  const all = { ...settings, unix_socket_directories: socketFolder, port: String(port) }
  return ['-D', dataFolder, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}
